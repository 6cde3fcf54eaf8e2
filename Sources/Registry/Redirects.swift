/// Following redirects. libcurl would do it too, but knows less about what may be told to whom.
extension HTTPClient {
    static let maximumRedirects = 10

    /// Like `transfer`, but follows the redirects of GET requests; says where the last response came from.
    ///
    /// `authorization` goes to the origin of `request.url` alone (scheme, host and port), and certificates may be invalid
    /// there alone. A redirect from https to http is an error. `onHead` is called for the last response
    /// alone, with its URL.
    func fetch(
        _ request: HTTPRequest, authorization: String?, onHead: (HTTPResponseHead, HTTPURL) throws -> BodyUse,
        onBody: (UnsafeRawBufferPointer) throws -> Void = { _ in }
    ) -> (outcome: TransferOutcome, url: HTTPURL) {
        var hop = request
        var visited: Set<HTTPURL> = [request.url]
        while true {
            let isHome = hop.url.origin == request.url.origin
            var headers = request.headers
            if let authorization, isHome { headers.append(("Authorization", authorization)) }
            hop.headers = headers
            hop.verifiesCertificate = request.verifiesCertificate || !isHome
            let url = hop.url
            let outcome = transfer(
                hop,
                onHead: { head in
                    let isFollowed = head.isRedirect && request.isGet
                    return isFollowed ? .collect(maximumBytes: ErrorBody.maximumBytes) : try onHead(head, url)
                }, onBody: onBody)
            guard case .complete(let head, _, _) = outcome, head.isRedirect, request.isGet else {
                return (outcome, hop.url)
            }
            switch next(after: hop.url, head: head, visited: visited) {
            case .failure(let error): return (.failed(error), hop.url)
            case .success(let url):
                hop.url = url
                visited.insert(url)
            }
        }
    }

    private func next(
        after url: HTTPURL, head: HTTPResponseHead, visited: Set<HTTPURL>
    ) -> Result<HTTPURL, TransportError> {
        func failure(_ detail: String) -> Result<HTTPURL, TransportError> {
            .failure(TransportError(.redirect, detail: detail))
        }
        guard let location = head.value("location"), let next = url.following(location) else {
            return failure("\(url) redirects (\(head.status)) to no http or https URL")
        }
        if url.origin.scheme == .https, next.origin.scheme == .http {
            return failure("\(url) redirects to plain HTTP (\(next)), which is refused")
        }
        if visited.contains(next) { return failure("redirects go in circles: \(url) leads back to \(next)") }
        if visited.count > Self.maximumRedirects { return failure("more than \(Self.maximumRedirects) redirects") }
        return .success(next)
    }
}

extension HTTPRequest {
    fileprivate var isGet: Bool {
        if case .get = method { true } else { false }
    }
}
