import Glibc
import Platform
import Testing

@Suite struct ThreadTests {
    @Test func `a mailbox hands everything over in order and then ends`() throws {
        let (requests, answers) = (Mailbox<Int>(), Mailbox<Int>())
        let wake = try EventFD()
        defer { wake.descriptor.close() }
        let worker = try Thread.start(name: "worker") {
            while true {
                let numbers = requests.waitForAll()
                if numbers.isEmpty { return }
                for number in numbers { answers.post(number * 2) }
                wake.signal()
            }
        }
        for number in 0..<1000 { requests.post(number) }
        requests.close()
        worker.join()
        #expect(answers.takeAll() == (0..<1000).map { $0 * 2 })
        #expect(answers.takeAll().isEmpty)
        #expect(try wake.descriptor.wait(for: .read, milliseconds: 0))
        wake.drain()
        #expect(try !wake.descriptor.wait(for: .read, milliseconds: 0))
    }

    @Test func `epoll tells what is ready under its token`() throws {
        let (a, b) = try Sockets.pair()
        defer { a.close() }
        defer { b.close() }
        var epoll = try Epoll()
        try epoll.add(a, token: 7, .read)
        let none = try epoll.wait(milliseconds: 0)
        #expect(none == 0)
        try b.writeAll([1])
        let one = try epoll.wait(milliseconds: 5000)
        #expect(one == 1)
        let event = epoll[0]
        #expect(event.token == 7 && event.isReadable && !event.isWritable)
        try epoll.modify(a, token: 8, .write)
        let writable = try epoll.wait(milliseconds: 5000)
        #expect(writable == 1)
        let second = epoll[0]
        #expect(second.token == 8 && second.isWritable)
        epoll.remove(a)
        let after = try epoll.wait(milliseconds: 0)
        #expect(after == 0)
    }

    @Test func `the wall clock's parts make a log line's date`() {
        let time = LocalTime(
            year: 2026, month: 3, day: 7, hour: 4, minute: 5, second: 6, millisecond: 78,
            offset: 0)
        #expect(time.logText == "07 Mar 2026 04:05:06.078")
        #expect(Clock.local(1_500_000).millisecond == 500)
    }

    @Test func `the monotonic clock does not go back`() {
        let readings = (0..<100).map { _ in Clock.monotonicMicroseconds() }
        #expect(readings == readings.sorted())
    }

    @Test func `entropy differs from call to call`() {
        #expect(Set((0..<64).map { _ in Entropy.word() }).count == 64)
    }
}

@Suite struct ProcessTests {
    @Test func `a child's end is reported with its status or signal`() throws {
        let ended = try ChildProcess.start("/bin/sh", arguments: ["-c", "exit 3"])
        #expect(ProcessTests.wait(for: ended) == ChildProcess.Exit(status: 3, signal: 0))
        let killed = try ChildProcess.start("/bin/sleep", arguments: ["1000"])
        killed.kill()
        #expect(ProcessTests.wait(for: killed) == ChildProcess.Exit(status: 0, signal: SIGKILL))
    }

    @Test func `a program that is not there cannot be started`() {
        let error = #expect(throws: SystemError.self) {
            try ChildProcess.start("/nonexistent/program", arguments: [])
        }
        #expect(error?.errno == ENOENT)
    }

    @Test func `usage and limits are plausible`() {
        let usage = Process.usage()
        #expect(usage.residentBytes > 1 << 20)
        #expect(usage.userMicroseconds >= 0)
        let limit = Process.descriptorLimit()
        #expect(limit.soft > 0 && limit.soft <= limit.hard)
        #expect(Process.raiseDescriptorLimit(to: limit.soft) == limit.soft)
        #expect(Process.physicalMemory > 1 << 24)
        #expect(Process.operatingSystem.hasPrefix("Linux "))
    }

    static func wait(for child: ChildProcess) -> ChildProcess.Exit {
        while true {
            if let exit = child.reap() { return exit }
            Clock.sleep(microseconds: 1000)
        }
    }
}
