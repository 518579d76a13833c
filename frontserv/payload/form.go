package payload

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

var errTooMany = &NotJSON{"the form has more than " + strconv.Itoa(maxFields) + " fields"}

// fromForm reads application/x-www-form-urlencoded (WHATWG URL, section 5) into an object.
// Stricter than the living standard in one thing: a percent sign that begins no escape is
// an error and not kept.
func fromForm(body []byte) ([]byte, string, error) {
	var o members
	for pair := range strings.SplitSeq(string(body), "&") {
		if pair == "" {
			continue
		}
		if o.count == maxFields {
			return nil, "", errTooMany
		}
		name, value, _ := strings.Cut(pair, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if errors.Join(err1, err2) != nil {
			return nil, "", &NotJSON{"the form has a percent sign that begins no escape"}
		}
		o.add(n, v)
	}
	return o.encode()
}

// fromMultipart reads multipart/form-data (RFC 7578) into an object.
func fromMultipart(contentType string, body []byte) ([]byte, string, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return nil, "", &NotJSON{"the content type of the multipart body names no boundary"}
	}
	// To the reader a body that ends within the headers of a part is as good as a closed
	// one. With a blank line behind it that part begins, and breaks off like any other.
	r := multipart.NewReader(io.MultiReader(bytes.NewReader(body), strings.NewReader("\r\n\r\n")), params["boundary"])
	var o members
	for {
		part, err := r.NextPart()
		switch {
		case err == io.EOF: // the closing boundary; wrapped, it is a body that breaks off
			return o.encode()
		case err != nil:
			return nil, "", &NotJSON{"the multipart body is malformed"}
		case o.count == maxFields:
			return nil, "", errTooMany
		}
		if err := addPart(&o, part); err != nil {
			return nil, "", err
		}
	}
}

func addPart(o *members, part *multipart.Part) error {
	disposition, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	name, named := params["name"]
	if err != nil || disposition != "form-data" || !named {
		return &NotJSON{"a part of the multipart body has no name"}
	}
	content, err := io.ReadAll(part)
	if err != nil {
		return &NotJSON{"the multipart body is malformed"}
	}
	// Only a part that is not a file can be a string; bytes that are no text never can.
	if _, file := params["filename"]; !file && utf8.Valid(content) {
		o.add(name, string(content))
		return nil
	}
	o.add(name, map[string]any{
		"filename":    part.FileName(), // the last element alone, never a path
		"contenttype": part.Header.Get("Content-Type"),
		"base64":      base64.StdEncoding.EncodeToString(content),
	})
	return nil
}
