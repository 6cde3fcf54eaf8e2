import Glibc
import OCI
import Testing

/// The real registry behind a real proxy: passwords, and a proxy that dies and comes back.
@Suite(.serialized)
struct NginxTests {
    /// nginx on a free port of the loopback interface, in front of a registry.
    private final class Nginx {
        let directory: TestDirectory
        let port: Int
        private let configuration: String
        private var process: Child?

        /// `location`: directives for everything below /v2/.
        init(before registry: TestRegistry, location: String) throws {
            directory = try TestDirectory()
            port = try freePort()
            configuration = directory.path("nginx.conf")
            try write(
                """
                daemon off;
                master_process off;
                user root;
                pid \(directory.path)/nginx.pid;
                error_log stderr warn;
                events {}
                http {
                    access_log off;
                    client_body_temp_path \(directory.path)/body;
                    proxy_temp_path \(directory.path)/proxy;
                    fastcgi_temp_path \(directory.path)/fastcgi;
                    uwsgi_temp_path \(directory.path)/uwsgi;
                    scgi_temp_path \(directory.path)/scgi;
                    server {
                        listen 127.0.0.1:\(port);
                        location /v2/ {
                            proxy_pass http://\(registry.host);
                            proxy_set_header Host $http_host;
                            \(location)
                        }
                    }
                }
                """, to: configuration)
            try start()
        }

        func start() throws {
            let child = try Child(["nginx", "-c", configuration, "-p", directory.path])
            process = child
            let port = self.port
            guard eventually(seconds: 20, { canConnect(port: port) }) else {
                throw TestFailure("nginx does not start: \(child.errorsSoFar)")
            }
        }

        func kill() {
            process?.signal(SIGKILL)
            process?.wait()
        }

        deinit { kill() }
    }

    @Test func `a password is asked for, and taken from the file that the mount names`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let registry = try TestRegistry()
        try registry.push(image, as: "private/image")
        let directory = try TestDirectory()
        let passwords = directory.path("htpasswd")
        try output("htpasswd", "-bcm", passwords, "user", "right")
        let nginx = try Nginx(
            before: registry, location: "auth_basic imgfs; auth_basic_user_file \(passwords);")
        let reference = "127.0.0.1:\(nginx.port)/private/image"
        func authFile(_ password: String) throws -> String {
            let encoded = try shell("printf 'user:\(password)' | base64 -w 0")
            let path = directory.path(password + ".json")
            try write(#"{"auths":{"127.0.0.1:\#(nginx.port)":{"auth":"\#(encoded)"}}}"#, to: path)
            return path
        }

        let installation = try Installation()
        try installation.startDaemon()
        let without = try installation.tryMount(reference, on: installation.makeTarget())
        #expect(without.status == 32 && without.errors.contains(reference), "\(without.text)")
        let wrong = try installation.tryMount(
            reference, on: installation.makeTarget(), options: "authfile=\(authFile("wrong"))")
        #expect(wrong.status == 32 && wrong.errors.contains("user"), "\(wrong.text)")
        let target = try installation.mount(reference, options: "authfile=\(authFile("right"))")
        #expect(try output("cat", target + "/one") == "1\n")
        for secret in ["wrong", "right"] {
            let password = ":\(secret)"
            #expect(!installation.daemonLog.contains(password) && !wrong.errors.contains(password))
        }
    }

    @Test func `a proxy that dies in the middle of a blob and comes back costs only the rest`() throws {
        let image = try TestImage(scripts: ["head -c 24000000 /dev/urandom >data; sha256sum data >sum"])
        let registry = try TestRegistry()
        try registry.push(image, as: "image")
        let nginx = try Nginx(before: registry, location: "limit_rate 8m;")
        let installation = try Installation()
        try installation.startDaemon("--attempts", "20")
        let target = try installation.mount("127.0.0.1:\(nginx.port)/image")
        let reader = try Child(["sh", "-c", "cd '\(target)' && sha256sum -c sum"])
        let hasBegun = try eventually(seconds: 20) {
            let status = try installation.imgfs("status", "--json").output.filter { !$0.isWhitespace }
            let counts = status.split(separator: "\"fetchedByteCount\":").dropFirst()
            return counts.contains { (Int($0.prefix(while: \.isNumber)) ?? 0) > 1_000_000 }
        }
        #expect(hasBegun)
        nginx.kill()
        try nginx.start()
        let outcome = reader.wait(seconds: 60)
        #expect(outcome.succeeded, "\(outcome.text) \(installation.daemonLog)")
        #expect(registry.requests.contains { $0.status == 206 }, "\(registry.requests)")
    }
}
