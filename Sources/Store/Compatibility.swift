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
            let connection = try Connection(path: paths.catalogue)
            do {
                _ = try connection.query("SELECT 1 FROM sqlite_schema") { _ in }
            } catch  where error.isUnreadableFormat {
                throw .damage(error.message)
            }
            verdict = try CatalogueSchema.verdict(on: connection)
        } catch {
            if error.isDamage { return }  // it would be set aside
            throw .catalogue(error, path: paths.catalogue)
        }
        if verdict == .newer { throw Catalogue.newer(paths.catalogue) }
    }
}
