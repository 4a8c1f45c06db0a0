import CShims
import Glibc

/// A thread of our own, for work that blocks: files, name resolution.
@safe
package final class Thread: @unchecked Sendable {
    private var handle = pthread_t()
    private let body: @Sendable () -> Void

    private let name: String

    private init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        self.name = String(name.prefix(15))
        self.body = body
    }

    /// Runs `body` on a new thread, which signals never interrupt. `name` has at most 15 bytes.
    package static func start(
        name: String, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> Thread {
        let thread = Thread(name, body)
        var (all, before) = (sigset_t(), sigset_t())
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_BLOCK, &all, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        let argument = unsafe Unmanaged.passRetained(thread)
        let status = unsafe pthread_create(
            &thread.handle, nil,
            { argument in
                let thread = unsafe Unmanaged<Thread>.fromOpaque(argument!).takeRetainedValue()
                unsafe tandem_name_thread(thread.name)
                thread.body()
                return nil
            }, argument.toOpaque())
        if status != 0 {
            unsafe argument.release()
            throw SystemError("pthread_create", status)
        }
        return thread
    }

    /// Waits until the thread has ended. Called at most once.
    package func join() { _ = pthread_join(handle, nil) }
}

/// A queue between threads: any thread posts, one takes. Its bound is the poster's business.
@safe
package final class Mailbox<Element: Sendable>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let filled: UnsafeMutablePointer<pthread_cond_t>
    private var elements: [Element] = []
    private var closed = false

    package init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe filled = .allocate(capacity: 1)
        _ = unsafe pthread_mutex_init(mutex, nil)
        _ = unsafe pthread_cond_init(filled, nil)
    }

    deinit {
        _ = unsafe pthread_cond_destroy(filled)
        _ = unsafe pthread_mutex_destroy(mutex)
        unsafe filled.deallocate()
        unsafe mutex.deallocate()
    }

    /// Adds an element at the end.
    package func post(_ element: Element) {
        unsafe pthread_mutex_lock(mutex)
        elements.append(element)
        unsafe pthread_cond_signal(filled)
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Everything that was posted, in order; at once, maybe nothing.
    package func takeAll() -> [Element] {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        let taken = elements
        elements = []
        return taken
    }

    /// Waits until there is something and takes all of it; empty only after `close`.
    package func waitForAll() -> [Element] {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while elements.isEmpty && !closed { unsafe pthread_cond_wait(filled, mutex) }
        let taken = elements
        elements = []
        return taken
    }

    /// Ends waiting: what is in the queue is still taken, then `waitForAll` gives nothing.
    package func close() {
        unsafe pthread_mutex_lock(mutex)
        closed = true
        unsafe pthread_cond_broadcast(filled)
        unsafe pthread_mutex_unlock(mutex)
    }
}
