import Content
import FoundationEssentials
import OCI
import Testing

@testable import Runtime

struct RuntimeConfigTests {
    private static func config(
        _ execution: String, user: ContainerUser? = nil, options: BundleOptions = BundleOptions(), more: String = ""
    ) throws -> RuntimeConfig {
        let text = """
            {"architecture":"arm64","os":"linux",\(more)"config":\(execution),"rootfs":{"type":"layers","diff_ids":[]}}
            """
        let image = try ImageConfig(Document(bytes: Array(text.utf8), mediaType: ""))
        let nobody = UserDatabase(passwd: "", group: "")
        return RuntimeConfig(image: image, user: try user ?? ContainerUser("", in: nobody), options: options)
    }

    @Test func `A whole config.json`() throws {
        let database = UserDatabase(passwd: "app:x:7:8::/srv/app:/bin/sh", group: "app:x:8:\nextra:x:9:app\n")
        let config = try Self.config(
            """
            {"User":"app","Env":["A=1","PATH=/bin","A=2"],"Entrypoint":["/entry","--"],"Cmd":["run"],"WorkingDir":"srv//x/.",
             "ExposedPorts":{"80/tcp":{},"53/udp":{}},"Volumes":{"/data/":{},"/proc":{},"/":{}},"StopSignal":"SIGINT",
             "Labels":{"a":"b","org.opencontainers.image.author":"label"}}
            """,
            user: try ContainerUser("app", in: database),
            more: #""variant":"v8","author":"me","created":"2026-01-01T00:00:00Z","#)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        #expect(String(decoding: try encoder.encode(config), as: UTF8.self) == goldenConfig)
    }

    @Test(arguments: [
        (#"{"Entrypoint":["/e"],"Cmd":["c"]}"#, [], ["/e", "c"]),
        (#"{"Entrypoint":["/e"],"Cmd":["c"]}"#, ["x", "y"], ["/e", "x", "y"]),
        (#"{"Cmd":["c","d"]}"#, [], ["c", "d"]),
        (#"{"Cmd":["c","d"]}"#, ["x"], ["x"]),
        (#"{}"#, [], ["sh"]),
        (#"null"#, ["x"], ["x"]),
    ])
    func `Arguments are the entrypoint and the command`(_ config: String, _ command: [String], _ args: [String]) throws
    {
        var options = BundleOptions()
        options.command = command
        #expect(try Self.config(config, options: options).process.args == args)
    }

    @Test func `The environment has what programs expect, and nothing that runtimes refuse`() throws {
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        #expect(try Self.config("{}").process.env == [path, "HOME=/"])
        var options = BundleOptions()
        options.hasTerminal = true
        let config = try Self.config(#"{"Env":["none","=x","B=\u0000","HOME=/h","C="]}"#, options: options)
        #expect(config.process.env == [path, "TERM=xterm", "HOME=/h", "C="])
        #expect(config.process.terminal)
    }

    @Test(arguments: [
        ("", "/"), ("/", "/"), ("a", "/a"), ("/a/../../b/./c//", "/b/c"), ("../..", "/"), ("/a/..b", "/a/..b"),
    ])
    func `Paths of an image are absolute and stay inside`(_ path: String, _ expected: String) {
        #expect(RuntimeConfig.absolute(path) == expected)
    }

    @Test func `A root that cannot be written says so and names the directories it needs`() throws {
        var options = BundleOptions()
        options.isReadOnly = true
        let config = try Self.config(
            #"{"WorkingDir":"/app","Volumes":{"/data":{},"/data/x":{},"/datax":{}}}"#, options: options)
        #expect(config.root.readonly)
        #expect(config.neededDirectories == ["/app", "/data", "/datax", "/dev", "/proc", "/sys"])
    }
}

private let goldenConfig = """
    {
      "annotations" : {
        "a" : "b",
        "org.opencontainers.image.architecture" : "arm64",
        "org.opencontainers.image.author" : "label",
        "org.opencontainers.image.created" : "2026-01-01T00:00:00Z",
        "org.opencontainers.image.exposedPorts" : "53/udp,80/tcp",
        "org.opencontainers.image.os" : "linux",
        "org.opencontainers.image.stopSignal" : "SIGINT",
        "org.opencontainers.image.variant" : "v8"
      },
      "hostname" : "imgfs",
      "linux" : {
        "maskedPaths" : [
          "/proc/acpi",
          "/proc/asound",
          "/proc/interrupts",
          "/proc/kcore",
          "/proc/keys",
          "/proc/latency_stats",
          "/proc/sched_debug",
          "/proc/scsi",
          "/proc/timer_list",
          "/proc/timer_stats",
          "/sys/devices/virtual/powercap",
          "/sys/firmware"
        ],
        "namespaces" : [
          {
            "type" : "pid"
          },
          {
            "type" : "network"
          },
          {
            "type" : "ipc"
          },
          {
            "type" : "uts"
          },
          {
            "type" : "mount"
          },
          {
            "type" : "cgroup"
          }
        ],
        "readonlyPaths" : [
          "/proc/bus",
          "/proc/fs",
          "/proc/irq",
          "/proc/sys",
          "/proc/sysrq-trigger"
        ],
        "resources" : {
          "devices" : [
            {
              "access" : "rwm",
              "allow" : false
            }
          ]
        }
      },
      "mounts" : [
        {
          "destination" : "/proc",
          "options" : [
            "nosuid",
            "noexec",
            "nodev"
          ],
          "source" : "proc",
          "type" : "proc"
        },
        {
          "destination" : "/dev",
          "options" : [
            "nosuid",
            "strictatime",
            "mode=755",
            "size=65536k"
          ],
          "source" : "tmpfs",
          "type" : "tmpfs"
        },
        {
          "destination" : "/dev/pts",
          "options" : [
            "nosuid",
            "noexec",
            "newinstance",
            "ptmxmode=0666",
            "mode=0620",
            "gid=5"
          ],
          "source" : "devpts",
          "type" : "devpts"
        },
        {
          "destination" : "/dev/shm",
          "options" : [
            "nosuid",
            "noexec",
            "nodev",
            "mode=1777",
            "size=65536k"
          ],
          "source" : "shm",
          "type" : "tmpfs"
        },
        {
          "destination" : "/dev/mqueue",
          "options" : [
            "nosuid",
            "noexec",
            "nodev"
          ],
          "source" : "mqueue",
          "type" : "mqueue"
        },
        {
          "destination" : "/sys",
          "options" : [
            "nosuid",
            "noexec",
            "nodev",
            "ro"
          ],
          "source" : "sysfs",
          "type" : "sysfs"
        },
        {
          "destination" : "/sys/fs/cgroup",
          "options" : [
            "nosuid",
            "noexec",
            "nodev",
            "relatime",
            "ro"
          ],
          "source" : "cgroup",
          "type" : "cgroup"
        },
        {
          "destination" : "/data",
          "options" : [
            "rw",
            "nosuid",
            "nodev",
            "relatime",
            "tmpcopyup"
          ],
          "source" : "tmpfs",
          "type" : "tmpfs"
        }
      ],
      "ociVersion" : "1.0.2",
      "process" : {
        "args" : [
          "/entry",
          "--",
          "run"
        ],
        "capabilities" : {
          "bounding" : [
            "CAP_AUDIT_WRITE",
            "CAP_CHOWN",
            "CAP_DAC_OVERRIDE",
            "CAP_FOWNER",
            "CAP_FSETID",
            "CAP_KILL",
            "CAP_MKNOD",
            "CAP_NET_BIND_SERVICE",
            "CAP_NET_RAW",
            "CAP_SETFCAP",
            "CAP_SETGID",
            "CAP_SETPCAP",
            "CAP_SETUID",
            "CAP_SYS_CHROOT"
          ],
          "effective" : [
            "CAP_AUDIT_WRITE",
            "CAP_CHOWN",
            "CAP_DAC_OVERRIDE",
            "CAP_FOWNER",
            "CAP_FSETID",
            "CAP_KILL",
            "CAP_MKNOD",
            "CAP_NET_BIND_SERVICE",
            "CAP_NET_RAW",
            "CAP_SETFCAP",
            "CAP_SETGID",
            "CAP_SETPCAP",
            "CAP_SETUID",
            "CAP_SYS_CHROOT"
          ],
          "permitted" : [
            "CAP_AUDIT_WRITE",
            "CAP_CHOWN",
            "CAP_DAC_OVERRIDE",
            "CAP_FOWNER",
            "CAP_FSETID",
            "CAP_KILL",
            "CAP_MKNOD",
            "CAP_NET_BIND_SERVICE",
            "CAP_NET_RAW",
            "CAP_SETFCAP",
            "CAP_SETGID",
            "CAP_SETPCAP",
            "CAP_SETUID",
            "CAP_SYS_CHROOT"
          ]
        },
        "cwd" : "/srv/x",
        "env" : [
          "HOME=/srv/app",
          "PATH=/bin",
          "A=2"
        ],
        "noNewPrivileges" : false,
        "terminal" : false,
        "user" : {
          "additionalGids" : [
            9
          ],
          "gid" : 8,
          "uid" : 7
        }
      },
      "root" : {
        "path" : "rootfs",
        "readonly" : false
      }
    }
    """
