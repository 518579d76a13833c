package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
)

func TestLimitsContainerd(t *testing.T) {
	for _, overlay := range []string{"overlays/standalone", "overlays/sidecar"} {
		c := with(t, overlay, "components/limits-containerd")
		if name := c.deployment.Spec.Template.Spec.RuntimeClassName; name == nil || c.runtime == nil || *name != c.runtime.Name {
			t.Errorf("%s: the class of the pods is %v, and there is %+v", overlay, name, c.runtime)
		}
		profile := urocket(t, c.deployment.Spec.Template.Spec).SecurityContext.SeccompProfile
		if profile == nil {
			profile = c.deployment.Spec.Template.Spec.SecurityContext.SeccompProfile
		}
		if profile.Type != core.SeccompProfileTypeUnconfined {
			t.Errorf("%s: with seccomp %+v there is no clone3", overlay, profile)
		}
	}
}

func TestLimitsCRIO(t *testing.T) {
	for _, overlay := range []string{"overlays/standalone", "overlays/sidecar"} {
		c := with(t, overlay, "components/limits-crio")
		for _, name := range []string{"cgroup2-mount-hierarchy-rw.crio.io", "io.kubernetes.cri-o.cgroup2-mount-hierarchy-rw"} {
			if a := c.deployment.Spec.Template.Annotations; a[name] != "true" {
				t.Errorf("%s: the annotations of the pods are %v", overlay, a)
			}
		}
	}
}

func TestPodMonitor(t *testing.T) {
	c := with(t, "overlays/standalone", "components/podmonitor")
	if s := c.monitor.Spec; !includes(c.deployment.Spec.Template.Labels, s.Selector.MatchLabels) || len(s.Selector.MatchLabels) == 0 ||
		s.PodMetricsEndpoints[0].Port == nil || *s.PodMetricsEndpoints[0].Port != "admin" || s.PodMetricsEndpoints[0].Path != "/metrics" {
		t.Errorf("%+v", s)
	}
}

// An overlay as docs/kubernetes.md has it: an image and a configuration of one's own.
func TestYours(t *testing.T) {
	dir := t.TempDir()
	here, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{
		"urocket-service.yaml": "servicename: mine\n",
		"kustomization.yaml": "resources: [" + relative(t, dir, here, "overlays/standalone") + "]\n" +
			"images: [{name: urocket-php, newName: images.example/shop, newTag: \"7\"}]\n" +
			"configMapGenerator: [{name: urocket, behavior: merge, files: [urocket-service.yaml]}]\n",
	})
	c, err := build(dir)
	if err != nil {
		t.Fatal(err)
	}
	before := with(t, "overlays/standalone").config
	if c.config.Data["urocket-service.yaml"] != "servicename: mine\n" || c.config.Data["openapi.yaml"] != before.Data["openapi.yaml"] || c.config.Name == before.Name {
		t.Errorf("the ConfigMap is %s with %v, and was %s", c.config.Name, c.config.Data, before.Name)
	}
	pod := c.deployment.Spec.Template.Spec
	if u := urocket(t, pod); u.Image != "images.example/shop:7" || pod.Volumes[0].ConfigMap.Name != c.config.Name {
		t.Errorf("image %s, volume %+v", u.Image, pod.Volumes[0])
	}
}

// A field that the API does not know is found: the other tests would be worth nothing
// without.
func TestStrict(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"kustomization.yaml": "resources: [service.yaml]\n",
		"service.yaml":       "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {port: 80}\n",
	})
	if _, err := build(dir); err == nil || !strings.Contains(err.Error(), `unknown field "port"`) {
		t.Errorf("got %v", err)
	}
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
