/// How a daemon ended.
public enum DaemonEnd: Sendable {
    /// For good: nothing is mounted any more, or it was told not to care.
    case finished
    /// Mounts are left to the next one.
    case leftMounts

    /// What tells the keeper, and systemd (`RestartForceExitStatus=`), that a successor is wanted: EX_TEMPFAIL,
    /// sysexits.h.
    public static let leftMountsStatus: Int32 = 75
}
