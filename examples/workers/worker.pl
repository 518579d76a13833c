#!/usr/bin/perl
# A worker of urocket in Perl, with what comes with Perl alone: the protocol of docs/worker.md.
use strict;
use warnings;
use JSON::PP;

open(my $line, '+<&=', 3) or die "descriptor 3: $!\n";
binmode $line;

# so many bytes; nothing at the end
sub take {
    my ($size) = @_;
    my $bytes = '';
    while (length $bytes < $size) {
        return unless sysread $line, $bytes, $size - length $bytes, length $bytes;
    }
    return $bytes;
}

sub put {
    my ($head, $body) = @_;
    my $json  = encode_json($head);
    my $frame = pack('NN', length $json, length $body) . $json . $body;
    for (my $done = 0; $done < length $frame;) {
        $done += syswrite($line, $frame, length($frame) - $done, $done) // exit 1;
    }
}

sub rot13 {
    my ($head, $body) = @_;
    (my $text = $head->{params}{text}) =~ tr/A-Za-z/N-ZA-Mn-za-m/;
    utf8::encode($text);
    return ({ 'Content-Type' => 'text/plain; charset=utf-8' }, $text);
}

put({ v => 1, ready => JSON::PP::true }, '');
while (my $lengths = take(8)) {
    my ($head_size, $body_size) = unpack 'NN', $lengths;
    my $head = decode_json(take($head_size));
    my $body = $body_size ? take($body_size) : '';
    my ($headers, $answer) = eval { rot13($head, $body) };
    if (!defined $answer) {
        put({ id => $head->{id}, error => "$@" }, '');
        next;
    }
    put({ id => $head->{id}, headers => $headers }, $answer);
}
