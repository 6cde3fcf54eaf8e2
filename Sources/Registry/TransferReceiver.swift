import CCurl

/// What libcurl's callbacks see of one transfer. Lives on the stack of `HTTPClient.transfer`, on one thread.
final class TransferReceiver {
    private let onHead: (HTTPResponseHead) throws -> BodyUse
    private let onBody: (UnsafeRawBufferPointer) throws -> Void
    private let idleTimeoutSeconds: Double
    private let stopSignal: StopSignal

    private var parser = HTTPHeadParser()
    private var use = BodyUse.collect(maximumBytes: 0)
    private var collected: [UInt8] = []
    private var isCut = false
    private var refusal: (any Error)?
    private var error: TransportError?
    private var lastByteCount: Int64 = 0
    private var lastActivity = ContinuousClock.now
    private var start = ContinuousClock.now
    /// From `start` to when the connection was open; asked for when the head is there.
    private var connectSeconds: () -> Double = { 0 }

    init(
        onHead: @escaping (HTTPResponseHead) throws -> BodyUse,
        onBody: @escaping (UnsafeRawBufferPointer) throws -> Void, idleTimeoutSeconds: Double, stopSignal: StopSignal
    ) {
        self.onHead = onHead
        self.onBody = onBody
        self.idleTimeoutSeconds = idleTimeoutSeconds
        self.stopSignal = stopSignal
    }

    /// Performs the transfer. `configure` sets the handle's options and returns the request's header fields.
    func receive(
        on handle: CurlHandle, configure: () -> [(name: String, value: String)]
    ) -> TransferOutcome {
        let fields = configure()
        var list: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(list) }
        for field in fields {
            list = curl_slist_append(list, field.name + ":" + (field.value.isEmpty ? "" : " " + field.value)) ?? list
        }
        let code = withExtendedLifetime(self) {
            let context = Unmanaged.passUnretained(self).toOpaque()
            imgfs_curl_set_pointer(handle.pointer, CURLOPT_HTTPHEADER, list)
            imgfs_curl_set_receiver(handle.pointer, CURLOPT_HEADERFUNCTION, receiveHeadLine)
            imgfs_curl_set_pointer(handle.pointer, CURLOPT_HEADERDATA, context)
            imgfs_curl_set_receiver(handle.pointer, CURLOPT_WRITEFUNCTION, receiveBody)
            imgfs_curl_set_pointer(handle.pointer, CURLOPT_WRITEDATA, context)
            imgfs_curl_set_progress(handle.pointer, CURLOPT_XFERINFOFUNCTION, reportProgress)
            imgfs_curl_set_pointer(handle.pointer, CURLOPT_XFERINFODATA, context)
            handle.set(CURLOPT_NOPROGRESS, 0)
            connectSeconds = { handle.connectSeconds }
            start = .now
            let code = curl_easy_perform(handle.pointer)
            // The list goes before the handle; nothing may be left that points to it.
            imgfs_curl_set_pointer(handle.pointer, CURLOPT_HTTPHEADER, nil)
            return code
        }
        if let refusal { return .refused(refusal) }
        if let error { return .failed(error) }
        if code != CURLE_OK && !(code == CURLE_WRITE_ERROR && isCut) { return .failed(handle.error(code)) }
        guard parser.isComplete, let head = parser.head else {
            return .failed(TransportError(.notHTTP, detail: "the response has no complete head"))
        }
        return .complete(head, body: collected, isCut: isCut)
    }

    /// False ends the transfer.
    fileprivate func addHeadLine(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastActivity = .now
        switch parser.add(bytes) {
        case .more: return true
        case .malformed:
            error = TransportError(.notHTTP, detail: "the response's head is malformed")
            return false
        case .tooLarge:
            error = TransportError(
                .headTooLarge, detail: "the response's head is over \(HTTPHeadParser.maximumBytes) bytes")
            return false
        case .complete:
            guard var head = parser.head else { return false }
            head.latencySeconds = max(0, (lastActivity - start) / .seconds(1) - connectSeconds())
            do {
                use = try onHead(head)
                return true
            } catch {
                refusal = error
                return false
            }
        }
    }

    /// False ends the transfer.
    fileprivate func addBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch use {
        case .deliver:
            do {
                try onBody(bytes)
                return true
            } catch {
                refusal = error
                return false
            }
        case .collect(let maximumBytes):
            let room = maximumBytes - collected.count
            collected.append(contentsOf: bytes.prefix(room))
            isCut = bytes.count > room
            return !isCut
        }
    }

    /// False ends the transfer. `byteCount`: of the body so far.
    fileprivate func goOn(byteCount: Int64) -> Bool {
        if stopSignal.isStopped { return false }
        let now = ContinuousClock.now
        if byteCount != lastByteCount {
            lastByteCount = byteCount
            lastActivity = now
        } else if now - lastActivity > .seconds(idleTimeoutSeconds) {
            error = TransportError(.stalled, detail: "nothing came for \(Int(idleTimeoutSeconds)) s")
            return false
        }
        return true
    }
}

private func receiver(_ context: UnsafeMutableRawPointer?) -> TransferReceiver? {
    context.map { Unmanaged<TransferReceiver>.fromOpaque($0).takeUnretainedValue() }
}

/// CURLOPT_HEADERFUNCTION: another number than the one given ends the transfer.
private func receiveHeadLine(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return receiver(context)?.addHeadLine(line) == true ? line.count : -1
}

/// CURLOPT_WRITEFUNCTION: another number than the one given ends the transfer.
private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return receiver(context)?.addBody(piece) == true ? piece.count : -1
}

/// CURLOPT_XFERINFOFUNCTION: anything but 0 ends the transfer. libcurl calls it about once a second when idle.
private func reportProgress(
    _ context: UnsafeMutableRawPointer?, _: curl_off_t, _ byteCount: curl_off_t, _: curl_off_t, _: curl_off_t
) -> CInt {
    receiver(context)?.goOn(byteCount: Int64(byteCount)) == true ? 0 : 1
}
