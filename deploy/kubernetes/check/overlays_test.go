package check

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

// service is what of urocket's own configuration has to fit the manifests.
type service struct {
	Listen     string
	Admin      string
	SocketPath string
	Running    int
	Drain      string
}

func configuration(t *testing.T, c cluster) service {
	t.Helper()
	var s service
	if err := yaml.Unmarshal([]byte(c.config.Data["urocket-service.yaml"]), &s); err != nil {
		t.Fatal(err)
	}
	if c.config.Data["openapi.yaml"] == "" {
		t.Errorf("the ConfigMap has no document, but %q", slices.Collect(maps.Keys(c.config.Data)))
	}
	return s
}

// urocket finds the container, among those that stay.
func urocket(t *testing.T, pod core.PodSpec) core.Container {
	t.Helper()
	for _, list := range [][]core.Container{pod.Containers, pod.InitContainers} {
		for _, c := range list {
			if c.Name == "urocket" {
				return c
			}
		}
	}
	t.Fatalf("no container urocket in %+v", pod)
	return core.Container{}
}

func TestStandalone(t *testing.T) {
	c := with(t, "overlays/standalone")
	pod := c.deployment.Spec.Template
	testContainer(t, c)
	if c.deployment.Spec.Replicas != nil || c.scaler.Spec.ScaleTargetRef.Name != c.deployment.Name || c.scaler.Spec.ScaleTargetRef.Kind != "Deployment" {
		t.Errorf("replicas are the scaler's: %v %+v", c.deployment.Spec.Replicas, c.scaler.Spec.ScaleTargetRef)
	}
	metric := c.scaler.Spec.Metrics[0].Pods
	if half := int64(configuration(t, c).Running / 2); metric.Metric.Name != "urocket_calls_in_flight" || metric.Target.AverageValue.Value() != half {
		t.Errorf("it scales by %+v, want half of `running`, %d", metric, half)
	}
	for what, selector := range map[string]map[string]string{
		"Deployment": c.deployment.Spec.Selector.MatchLabels, "Service": c.service.Spec.Selector,
		"PodDisruptionBudget": c.budget.Spec.Selector.MatchLabels, "NetworkPolicy": c.network.Spec.PodSelector.MatchLabels,
	} {
		if len(selector) == 0 || !includes(pod.Labels, selector) {
			t.Errorf("the %s selects %v, pods are %v", what, selector, pod.Labels)
		}
	}
	ports := []intstr.IntOrString{c.service.Spec.Ports[0].TargetPort}
	for _, rule := range c.network.Spec.Ingress {
		ports = append(ports, *rule.Ports[0].Port)
	}
	if names := all(ports, func(p intstr.IntOrString) string { return p.String() }); !slices.Equal(names, []string{"http", "http", "admin"}) {
		t.Errorf("the ports of the Service and the NetworkPolicy are %q", names)
	}
	u := urocket(t, pod.Spec)
	if u.ReadinessProbe == nil || u.ReadinessProbe.HTTPGet.Path != "/readyz" || u.Lifecycle.PreStop.Sleep.Seconds < 1 {
		t.Errorf("callers are sent away by readiness and by the time before SIGTERM: %+v %+v", u.ReadinessProbe, u.Lifecycle)
	}
}

func TestSidecar(t *testing.T) {
	c := with(t, "overlays/sidecar")
	testContainer(t, c)
	pod := c.deployment.Spec.Template.Spec
	u := urocket(t, pod)
	if u.RestartPolicy == nil || *u.RestartPolicy != core.ContainerRestartPolicyAlways || len(pod.InitContainers) != 1 {
		t.Errorf("urocket is no sidecar: %+v", pod.InitContainers)
	}
	s := configuration(t, c)
	if !strings.HasPrefix(s.Listen, "127.0.0.1:") {
		t.Errorf("a sidecar listens to its pod alone, and not at %s", s.Listen)
	}
	app := pod.Containers[0]
	if want := (core.EnvVar{Name: "UROCKET_URL", Value: "http://" + s.Listen}); len(app.Env) != 1 || app.Env[0] != want {
		t.Errorf("the application is told %+v, want %+v", app.Env, want)
	}
	if app.Image != "app" || len(app.Ports) != 1 {
		t.Errorf("of the application something was lost: %+v", app)
	}
}

// testContainer looks at what the container has in both overlays.
func testContainer(t *testing.T, c cluster) {
	t.Helper()
	pod := c.deployment.Spec.Template.Spec
	u, s := urocket(t, pod), configuration(t, c)
	ports := map[string]int32{}
	for _, p := range u.Ports {
		ports[p.Name] = p.ContainerPort
	}
	for name, address := range map[string]string{"http": s.Listen, "admin": s.Admin} {
		if everybody, port, _ := strings.Cut(address, ":"); everybody == "0.0.0.0" && intstr.Parse(port).IntVal != ports[name] {
			t.Errorf("urocket listens at %s, and its port %s is %d", address, name, ports[name])
		}
	}
	if !strings.HasPrefix(s.Admin, "0.0.0.0:") {
		t.Errorf("the kubelet cannot ask at %s", s.Admin)
	}
	for what, probe := range map[string]*core.Probe{"startup": u.StartupProbe, "liveness": u.LivenessProbe} {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != "/healthz" || probe.HTTPGet.Port.StrVal != "admin" {
			t.Errorf("%s probe: %+v", what, probe)
		}
	}
	if u.Resources.Limits.Memory().IsZero() || u.Resources.Requests.Memory().IsZero() || u.Resources.Requests.Cpu().IsZero() {
		t.Errorf("resources: %+v", u.Resources)
	}
	if strings.ContainsAny(u.Image, "/") || !strings.HasPrefix(u.Image, "urocket-php:") {
		t.Errorf("image %q: where it lies is the user's to say", u.Image)
	}
	testRights(t, pod, u)
	testVolumes(t, c, pod, u, s)
	testTime(t, pod, u, s)
}

// testRights demands what the restricted level of the Pod Security Standards does, and
// a file system that nobody writes to.
func testRights(t *testing.T, pod core.PodSpec, u core.Container) {
	t.Helper()
	of := u.SecurityContext
	if whole := pod.SecurityContext; whole != nil {
		of.RunAsNonRoot = cmp.Or(of.RunAsNonRoot, whole.RunAsNonRoot)
		of.RunAsUser = cmp.Or(of.RunAsUser, whole.RunAsUser)
		of.SeccompProfile = cmp.Or(of.SeccompProfile, whole.SeccompProfile)
	}
	switch {
	case of.RunAsNonRoot == nil || !*of.RunAsNonRoot || of.RunAsUser == nil || *of.RunAsUser == 0:
		t.Errorf("it may run as root: %+v", of)
	case of.AllowPrivilegeEscalation == nil || *of.AllowPrivilegeEscalation || of.Privileged != nil:
		t.Errorf("it may gain rights: %+v", of)
	case of.ReadOnlyRootFilesystem == nil || !*of.ReadOnlyRootFilesystem:
		t.Errorf("its image can be written to: %+v", of)
	case of.Capabilities == nil || !slices.Equal(of.Capabilities.Drop, []core.Capability{"ALL"}) || of.Capabilities.Add != nil:
		t.Errorf("it has capabilities: %+v", of.Capabilities)
	case of.SeccompProfile == nil || of.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault:
		t.Errorf("seccomp: %+v", of.SeccompProfile)
	}
}

// testVolumes demands what urocket reads and writes to be there.
func testVolumes(t *testing.T, c cluster, pod core.PodSpec, u core.Container, s service) {
	t.Helper()
	volumes := map[string]core.VolumeSource{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v.VolumeSource
	}
	mounted := map[string]core.VolumeSource{}
	for _, m := range u.VolumeMounts {
		source, ok := volumes[m.Name]
		if !ok {
			t.Errorf("there is no volume %s", m.Name)
		}
		mounted[m.MountPath] = source
	}
	folder := func(file string) string { return file[:strings.LastIndexByte(file, '/')] }
	for _, path := range []string{folder(s.SocketPath), "/tmp"} {
		if e := mounted[path].EmptyDir; e == nil || e.SizeLimit == nil {
			t.Errorf("%s is no emptyDir with a limit: %+v", path, mounted[path])
		}
	}
	file := u.Args[len(u.Args)-1]
	if m := mounted[folder(file)].ConfigMap; m == nil || m.Name != c.config.Name || !strings.HasPrefix(m.Name, "urocket-") || c.config.Data[file[len(folder(file))+1:]] == "" {
		t.Errorf("%s is not in the ConfigMap %s, which is mounted as %+v", file, c.config.Name, mounted[folder(file)])
	}
}

// testTime demands that the kubelet waits for urocket: for preStop, for drain, for the
// longest grace (2s is the default, and none is said here), and some seconds more.
func testTime(t *testing.T, pod core.PodSpec, u core.Container, s service) {
	t.Helper()
	drain, err := time.ParseDuration(s.Drain)
	if err != nil {
		t.Fatal(err)
	}
	needs := drain + 2*time.Second + 5*time.Second
	if u.Lifecycle != nil {
		needs += time.Duration(u.Lifecycle.PreStop.Sleep.Seconds) * time.Second
	}
	if has := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second; has < needs {
		t.Errorf("the pod has %v to end, and urocket needs up to %v", has, needs)
	}
}

func includes(labels, selector map[string]string) bool {
	for name, value := range selector {
		if labels[name] != value {
			return false
		}
	}
	return true
}
