extension ImageConfig {
    /// For each layer, the lowest first, the step of the history that made it. Empty when the history does not fit the
    /// layers: nothing makes a builder write it.
    public var layerHistory: [History] {
        let steps = (history ?? []).filter { $0.emptyLayer != true }
        return steps.count == rootfs.diffIDs.count ? steps : []
    }
}
