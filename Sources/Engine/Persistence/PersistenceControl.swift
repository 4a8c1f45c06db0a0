/// Everything the engine holds for snapshots on disk and for loading.
package struct PersistenceControl {
    package init() {}
}
