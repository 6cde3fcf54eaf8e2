import Content
import Glibc
import Logging
public import OCI

extension Store {
    /// The index, manifest or config with this digest, verified; nil when it is not there.
    public func document(_ digest: Digest) throws(StoreError) -> [UInt8]? {
        let path = paths.document(digest)
        guard let bytes = try PrivateFile.read(path, limit: options.maximumDocumentByteCount) else { return nil }
        guard SHA256.digest(of: bytes) == digest else {
            logger.warning("removing a damaged document", metadata: ["document": "\(digest)"])
            try remove(path)
            return nil
        }
        return bytes
    }

    /// Stores documents; those that are there already stay.
    public func add(_ documents: [Document]) throws(StoreError) {
        for document in documents {
            let path = paths.document(document.digest)
            recent.insert(path)
            if try self.document(document.digest) == nil { try write(document, to: path) }
        }
    }

    private func write(_ document: Document, to path: String) throws(StoreError) {
        guard document.bytes.count <= options.maximumDocumentByteCount else {
            throw StoreError(
                kind: .tooLarge,
                description: "document \(document.digest) has \(document.bytes.count) bytes, the store takes "
                    + "\(options.maximumDocumentByteCount)")
        }
        let staged = newStagingPath()
        do throws(StoreError) {
            try PrivateFile.write(document.bytes, to: staged)
            guard rename(staged, path) == 0 else { throw StoreError.system("publish \(path)", errno) }
        } catch {
            try Directory.removeAll(staged)
            throw error
        }
    }
}
