import Control
import Testing

struct MetricsAddressTests {
    @Test(arguments: [
        ("unix:/run/m.sock", MetricsAddress.unix(path: "/run/m.sock")),
        ("127.0.0.1:9100", .ipv4(host: "127.0.0.1", port: 9100)),
        ("127.255.1.2:65535", .ipv4(host: "127.255.1.2", port: 65535)), ("[::1]:1", .ipv6(port: 1)),
    ])
    func `an address that only this machine reaches`(text: String, address: MetricsAddress) throws {
        #expect(try MetricsAddress(parsing: text) == address)
        #expect(address.description == text)
    }

    @Test(arguments: [
        "", "9100", ":9100", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:+1",
        "128.0.0.1:80", "0.0.0.0:80", "127.1:80", "127.0.0.01:80", "127.0.0.256:80", "127.0.0.1.example.com:80",
        "[::]:80", "::1:80", "localhost:80", "unix:", "unix:" + String(repeating: "x", count: 200),
    ])
    func `anything else is refused`(text: String) {
        #expect(throws: MetricsAddress.ParseError.self) { try MetricsAddress(parsing: text) }
    }
}
