import Glibc
import OCI
import SQLite
public import SystemPackage

extension Store {
    /// Throws when this program could not open the store in `root` because a newer one made it, or because it is none.
    /// Changes nothing, also while a daemon has the store open: for whoever is about to replace that daemon.
    public static func checkCompatibility(_ root: FilePath) throws(StoreError) {
        let paths = StorePaths(root: root.string)
        guard try StoreVersion.isKnown(paths), access(paths.catalogue, F_OK) == 0 else { return }
        let verdict: CatalogueSchema.Verdict
        do throws(SQLiteError) {
            verdict = try CatalogueSchema.verdict(on: Connection(path: paths.catalogue))
        } catch {
            if error.isDamage || error.isUnreadableFormat { return }  // it would be set aside
            throw .catalogue(error, path: paths.catalogue)
        }
        if verdict == .newer { throw Catalogue.newer(paths.catalogue) }
    }
}
