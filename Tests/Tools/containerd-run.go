// What containerd-run compiles: runs a program in a container whose root file system is an image that imgfs mounts.
//
//	containerd-run ADDRESS STATE SOURCE UPPER WORK COMMAND...
//
// ADDRESS and STATE are containerd's socket and state directory. SOURCE is what imgfs mounts. With UPPER and WORK, the
// directories of an overlayfs, the root is writable; with empty words it is not. No image and no snapshotter of containerd's
// is involved: the mounts go to the shim as they are, which makes them (mount.All) and takes them away again.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/containerd/containerd"
	"github.com/containerd/containerd/cio"
	"github.com/containerd/containerd/containers"
	"github.com/containerd/containerd/mount"
	"github.com/containerd/containerd/namespaces"
	"github.com/containerd/containerd/oci"
)

const namespace, id = "imgfs", "imgfs-container"

func run(address, state, source, upper, work string, command []string) (uint32, error) {
	client, err := containerd.New(address)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	ctx := namespaces.WithNamespace(context.Background(), namespace)

	root := []mount.Mount{{Type: "fuse3.imgfs", Source: source, Options: []string{"ro", "suid", "dev"}}}
	spec := []oci.SpecOpts{
		oci.WithDefaultSpec(), oci.WithDefaultPathEnv, oci.WithProcessArgs(command...), withoutLimits,
	}
	if upper == "" {
		spec = append(spec, oci.WithRootFSReadonly())
	} else {
		// All mounts are made on one directory, one after the other: there the overlayfs finds its lower layer.
		rootfs := state + "/io.containerd.runtime.v2.task/" + namespace + "/" + id + "/rootfs"
		options := []string{"lowerdir=" + rootfs, "upperdir=" + upper, "workdir=" + work}
		root = append(root, mount.Mount{Type: "overlay", Source: "overlay", Options: options})
	}

	container, err := client.NewContainer(ctx, id, containerd.WithNewSpec(spec...))
	if err != nil {
		return 0, err
	}
	defer container.Delete(ctx)
	streams := cio.NewCreator(cio.WithStreams(nil, os.Stdout, os.Stderr))
	task, err := container.NewTask(ctx, streams, containerd.WithRootFS(root))
	if err != nil {
		return 0, err
	}
	defer task.Delete(ctx)
	exit, err := task.Wait(ctx)
	if err != nil {
		return 0, err
	}
	if err := task.Start(ctx); err != nil {
		return 0, err
	}
	status := <-exit
	task.IO().Wait()
	return status.ExitCode(), status.Error()
}

// A container needs neither cgroups nor limits for what is shown here, and not every machine lets one have them.
func withoutLimits(_ context.Context, _ oci.Client, _ *containers.Container, spec *oci.Spec) error {
	spec.Process.Rlimits = nil
	spec.Linux.Resources = nil
	spec.Linux.CgroupsPath = ""
	return nil
}

func main() {
	if len(os.Args) < 7 {
		fmt.Fprintln(os.Stderr, "usage: containerd-run ADDRESS STATE SOURCE UPPER WORK COMMAND...")
		os.Exit(2)
	}
	status, err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "containerd-run:", err)
		os.Exit(125)
	}
	os.Exit(int(status))
}
