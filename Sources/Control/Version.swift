/// The version of imgfs: the one place where it is written down.
public let imgfsVersion = "0.1.0"

/// The version of the control protocol. A daemon serves clients of exactly its own.
public let controlProtocolVersion = 1
