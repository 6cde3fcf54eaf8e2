import CCurl

/// What is to become of a response's body.
enum BodyUse: Equatable {
    /// Each piece goes to the caller.
    case deliver
    /// Comes back in the outcome, cut at `maximumBytes`.
    case collect(maximumBytes: Int)
}

/// How a transfer ended.
enum TransferOutcome {
    /// `isCut`: the body went over the limit of `BodyUse.collect` and `body` is its beginning.
    case complete(HTTPResponseHead, body: [UInt8], isCut: Bool)
    case failed(TransportError)
    /// The caller's own closure threw this.
    case refused(any Error)
}

/// Single HTTP/1.1 exchanges over libcurl: no redirects, no retries, no authentication. Calls block.
///
/// HTTP/1.1, because blobs gain nothing from sharing one connection and lose a copy. Proxies come from the environment,
/// as everywhere with libcurl (http_proxy, HTTPS_PROXY, ALL_PROXY, NO_PROXY), and for plain HTTP also from HTTP_PROXY;
/// loopback hosts are never proxied. Certificates are checked against the system's, or SSL_CERT_FILE and SSL_CERT_DIR.
final class HTTPClient: Sendable {
    private let userAgent: String
    private let idleTimeoutSeconds: Double
    private let handles = CurlHandlePool()
    private let stopSignal: StopSignal

    init(userAgent: String, idleTimeoutSeconds: Double, stopSignal: StopSignal) {
        self.userAgent = userAgent
        self.idleTimeoutSeconds = idleTimeoutSeconds
        self.stopSignal = stopSignal
    }

    /// Closes the connections that are open and idle.
    func closeIdleConnections() {
        handles.drain()
    }

    /// Sends `request` and receives the response.
    ///
    /// `onHead` is called once, before the body, and decides about it. When it or `onBody` throws, the transfer ends.
    /// A stop signal ends it within about a second.
    func transfer(
        _ request: HTTPRequest, onHead: (HTTPResponseHead) throws -> BodyUse,
        onBody: (UnsafeRawBufferPointer) throws -> Void
    ) -> TransferOutcome {
        let stopSignal = request.stopSignal ?? stopSignal
        guard !stopSignal.isStopped else { return .failed(.init(.stopped, detail: "shutting down")) }
        let handle = handles.take(for: request.url.origin)
        let outcome = withoutActuallyEscaping(onHead) { onHead in
            withoutActuallyEscaping(onBody) { onBody in
                let receiver = TransferReceiver(
                    onHead: onHead, onBody: onBody, idleTimeoutSeconds: idleTimeoutSeconds, stopSignal: stopSignal)
                return receiver.receive(on: handle) {
                    configure(handle, for: request)
                    var fields = request.headers
                    if case .post = request.method {
                        // No "Expect: 100-continue": forms are small, and it costs a round trip.
                        fields += [("Content-Type", "application/x-www-form-urlencoded"), ("Expect", "")]
                    }
                    return fields
                }
            }
        }
        // After a failure the connection is gone, and whatever else the handle remembers had better go too.
        if case .complete = outcome { handles.giveBack(handle, for: request.url.origin) }
        return outcome
    }

    private func configure(_ handle: CurlHandle, for request: HTTPRequest) {
        handle.reset()
        handle.set(CURLOPT_NOSIGNAL, 1)
        handle.set(CURLOPT_URL, request.url.text)
        handle.set(CURLOPT_PROTOCOLS_STR, "http,https")
        handle.set(CURLOPT_FOLLOWLOCATION, 0)
        handle.set(CURLOPT_PATH_AS_IS, 1)
        handle.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        handle.set(CURLOPT_USERAGENT, userAgent)
        // libcurl refuses this while it holds on to the buffer of the last transfer, which has the same size.
        imgfs_curl_set_long(handle.pointer, CURLOPT_BUFFERSIZE, 512 * 1024)
        handle.set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(request.connectTimeoutSeconds * 1000)))
        handle.set(CURLOPT_TCP_KEEPALIVE, 1)
        handle.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        handle.set(CURLOPT_SSL_VERIFYPEER, request.verifiesCertificate ? 1 : 0)
        handle.set(CURLOPT_SSL_VERIFYHOST, request.verifiesCertificate ? 2 : 0)
        if let file = TransferEnvironment.certificateFile { handle.set(CURLOPT_CAINFO, file) }
        if let directory = TransferEnvironment.certificateDirectory { handle.set(CURLOPT_CAPATH, directory) }
        if case .post(let form) = request.method {
            handle.set(CURLOPT_POSTFIELDSIZE, form.utf8.count)
            handle.set(CURLOPT_COPYPOSTFIELDS, form)
        }
        if request.url.origin.isLoopback {
            handle.set(CURLOPT_NOPROXY, "*")
        } else if let proxy = TransferEnvironment.plainHTTPProxy, request.url.origin.scheme == .http {
            handle.set(CURLOPT_PROXY, proxy)
        }
    }
}
