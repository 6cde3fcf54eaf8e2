/// One request to a registry, with everything that belongs to it: the protocol, redirects, authorization. No retries.
struct RegistryExchange: Sendable {
    var http: HTTPClient
    var endpoint: RegistryEndpoint
    var authorizer: Authorizer
    /// For messages.
    var subject: String
    /// Ends its transfers; nil for the client's.
    var stopSignal: StopSignal?
    /// What is asked for was found on another host before; asked there first. Nil when that is not wanted.
    var redirect: RedirectMemory?

    struct Response {
        var head: HTTPResponseHead
        var body: [UInt8]
        /// The body went over the limit that `BodyUse.collect` gave.
        var isCut: Bool
        /// Where it came from after redirects.
        var url: HTTPURL
    }

    /// Gets `path` ("/v2/…") and receives the response, whatever its status but a redirect.
    ///
    /// `onHead` decides about the body and may be called again for another response, as long as it does not say
    /// `.deliver`. Throws `AttemptFailure` when there is no response, and what the closures throw.
    func get(
        _ path: String, headers: [(name: String, value: String)], connectTimeoutSeconds: Double,
        onHead: (HTTPResponseHead, HTTPURL) throws -> BodyUse,
        onBody: (UnsafeRawBufferPointer) throws -> Void = { _ in }
    ) throws -> Response {
        if let redirect, let url = redirect.url {
            if let response = try direct(url, headers, connectTimeoutSeconds, onHead: onHead, onBody: onBody) {
                return response
            }
        }
        var failures: [TransportFailure] = []
        for base in endpoint.bases {
            if let last = failures.last, !RegistryEndpoint.isWorthTrying(base, after: last.error, at: last.base) {
                break
            }
            let request = HTTPRequest(
                url: HTTPURL(origin: base.origin, target: path), headers: headers,
                verifiesCertificate: base.verifiesCertificate, connectTimeoutSeconds: connectTimeoutSeconds,
                stopSignal: stopSignal)
            // Once a body is on its way to the caller there is no going back to another protocol.
            let outcome = try authorized(
                request, at: base,
                onHead: { head, url in
                    let use = try onHead(head, url)
                    if use == .deliver { endpoint.settle(on: base) }
                    return use
                }, onBody: onBody)
            switch outcome {
            case .success(let response):
                if response.head.status == 400, base.origin.scheme == .http, FailureText.wantsTLS(response.body) {
                    failures = [
                        TransportFailure(
                            error: TransportError(.wantsTLS, detail: "the port speaks HTTPS"), url: request.url,
                            base: base)
                    ]
                    continue
                }
                endpoint.settle(on: base)
                if response.head.isSuccess, !isOwn(response.url) { redirect?.remember(response.url) }
                return response
            case .failure(let failure): failures.append(failure)
            }
            if endpoint.bases == [base] { break }
        }
        // The first protocol is the likely one, unless it turned out not to be spoken there.
        let telling = failures.first { ![.tls, .notHTTP, .wantsTLS].contains($0.error.cause) }
        let told = failures.first?.error.cause == .wantsTLS ? failures.last : telling ?? failures.first
        guard let told else { preconditionFailure("an endpoint has at least one base") }
        throw FailureText.failure(told.error, of: told.url, subject: subject)
    }

    /// Whether `url` is the registry's own.
    func isOwn(_ url: HTTPURL) -> Bool { endpoint.bases.contains { $0.origin == url.origin } }

    /// Asks where the registry redirected to before, without authorization. Nil when the registry has to be asked again:
    /// the URL has expired, say.
    private func direct(
        _ url: HTTPURL, _ headers: [(name: String, value: String)], _ connectTimeoutSeconds: Double,
        onHead: (HTTPResponseHead, HTTPURL) throws -> BodyUse, onBody: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Response? {
        let request = HTTPRequest(
            url: url, headers: headers, connectTimeoutSeconds: connectTimeoutSeconds, stopSignal: stopSignal)
        let (outcome, last) = http.fetch(
            request, authorization: nil,
            onHead: { head, url in
                head.isSuccess ? try onHead(head, url) : .collect(maximumBytes: ErrorBody.maximumBytes)
            },
            onBody: onBody)
        switch outcome {
        case .complete(let head, let body, let isCut) where head.isSuccess:
            return Response(head: head, body: body, isCut: isCut, url: last)
        case .complete(let head, let body, _):
            let failure = FailureText.failure(head, body: body, of: last, subject: subject, missing: "")
            // A busy host says when to come back, and has nothing against the URL.
            if case .retry = failure.advice { throw failure }
            redirect?.forget(url)
            return nil
        case .failed(let error):
            redirect?.forget(url)
            throw FailureText.failure(error, of: last, subject: subject)
        case .refused(let error): throw error
        }
    }

    private struct TransportFailure: Error {
        var error: TransportError
        /// Of the hop that failed.
        var url: HTTPURL
        var base: RegistryEndpoint.Base
    }

    /// Answers one challenge, and goes back to the registry once when the host that it redirected to refuses: a presigned
    /// URL may have expired on the way.
    private func authorized(
        _ request: HTTPRequest, at base: RegistryEndpoint.Base,
        onHead: (HTTPResponseHead, HTTPURL) throws -> BodyUse, onBody: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Result<Response, TransportFailure> {
        let need = Authorizer.Need(
            origin: request.url.origin, connectTimeoutSeconds: request.connectTimeoutSeconds, subject: subject)
        var authorization = try authorizer.authorization(need)
        var mayAuthorize = true
        var mayResolveAgain = true
        while true {
            let (outcome, url) = http.fetch(
                request, authorization: authorization?.field,
                onHead: { head, url in
                    head.status == 401 || head.status == 403
                        ? .collect(maximumBytes: ErrorBody.maximumBytes) : try onHead(head, url)
                }, onBody: onBody)
            switch outcome {
            case .refused(let error): throw error
            case .failed(let error): return .failure(TransportFailure(error: error, url: url, base: base))
            case .complete(let head, let body, let isCut):
                let response = Response(head: head, body: body, isCut: isCut, url: url)
                guard head.status == 401 || head.status == 403 else { return .success(response) }
                if url.origin != request.url.origin {
                    guard mayResolveAgain else { throw refusal(response) }
                    mayResolveAgain = false
                    continue
                }
                // A 403 says something about the authorization only when there is one that may have run out.
                guard mayAuthorize, head.status == 401 || authorization?.isToken == true,
                    let answer = try authorizer.authorization(
                        need, answering: head.values("www-authenticate"), insteadOf: authorization)
                else { throw refusal(response, asked: authorizer.explanation(of: authorization)) }
                mayAuthorize = false
                authorization = answer
            }
        }
    }

    /// `asked`: with which credentials.
    private func refusal(_ response: Response, asked: String? = nil) -> AttemptFailure {
        var failure = FailureText.failure(
            response.head, body: response.body, of: response.url, subject: subject, missing: "")
        if let asked { failure.error.problem += ", asked " + asked }
        return failure
    }
}
