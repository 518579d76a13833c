package check

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	node "k8s.io/api/node/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// cluster is what an overlay makes, by kind; there is one of each, if any.
type cluster struct {
	deployment *apps.Deployment
	config     *core.ConfigMap
	service    *core.Service
	scaler     *autoscaling.HorizontalPodAutoscaler
	budget     *policy.PodDisruptionBudget
	network    *networking.NetworkPolicy
	runtime    *node.RuntimeClass
	monitor    *monitoring.PodMonitor
}

// into returns where a resource of that kind goes to.
func (c *cluster) into(kind string) (any, error) {
	switch kind {
	case "apps/v1 Deployment":
		return one(&c.deployment)
	case "v1 ConfigMap":
		return one(&c.config)
	case "v1 Service":
		return one(&c.service)
	case "autoscaling/v2 HorizontalPodAutoscaler":
		return one(&c.scaler)
	case "policy/v1 PodDisruptionBudget":
		return one(&c.budget)
	case "networking.k8s.io/v1 NetworkPolicy":
		return one(&c.network)
	case "node.k8s.io/v1 RuntimeClass":
		return one(&c.runtime)
	case "monitoring.coreos.com/v1 PodMonitor":
		return one(&c.monitor)
	}
	return nil, fmt.Errorf("this test does not know the kind %q", kind)
}

func one[T any](where **T) (any, error) {
	if *where != nil {
		return nil, fmt.Errorf("there are two of %T", *where)
	}
	*where = new(T)
	return *where, nil
}

// build makes an overlay, strictly: what the API does not know is an error.
func build(dir string) (c cluster, err error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return c, fmt.Errorf("kustomize: %w", err)
	}
	for _, r := range built.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			return c, err
		}
		target, err := c.into(r.GetApiVersion() + " " + r.GetKind())
		if err != nil {
			return c, err
		}
		if err := yaml.UnmarshalStrict(text, target); err != nil {
			return c, fmt.Errorf("%s %s: %w", r.GetKind(), r.GetName(), err)
		}
	}
	return c, nil
}

// with builds an overlay to which components are added, as a user's own overlay does.
func with(t *testing.T, overlay string, components ...string) cluster {
	t.Helper()
	here, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(here, overlay)
	if len(components) > 0 {
		dir = t.TempDir()
		list := strings.Join(all(components, func(c string) string { return relative(t, dir, here, c) }), ", ")
		write(t, dir, map[string]string{"kustomization.yaml": fmt.Sprintf("resources: [%s]\ncomponents: [%s]\n", relative(t, dir, here, overlay), list)})
	}
	c, err := build(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func relative(t *testing.T, from, here, name string) string {
	t.Helper()
	path, err := filepath.Rel(from, filepath.Join(here, name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func all[T, U any](list []T, f func(T) U) (out []U) {
	for _, one := range list {
		out = append(out, f(one))
	}
	return out
}
