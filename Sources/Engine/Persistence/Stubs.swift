import Memory
import Persistence
import Sessions

extension Engine {
    func snapshotStreamPosition() -> RDBInformation.Stream? { nil }
    mutating func shutdownSaved(error: String?) {}
    mutating func transferBegan(_ session: Slot<Session>) {}
    mutating func transferFinished(_ session: Slot<Session>) {}
    mutating func startDataLoaded(_ result: FileLoad) {}
    mutating func tripAllWatchers() {}
}
