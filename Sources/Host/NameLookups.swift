import Platform

/// What a name came to.
struct LookupResult: Sendable {
    let host: String
    let port: Int
    /// The addresses, or why there are none.
    let outcome: Result<[SocketAddress], ResolutionError>
}

/// Resolves names off the loop, one after the other. The same name is asked for only once at a
/// time, so the queue is bounded by the number of different names.
struct NameLookups {
    private struct Question: Hashable, Sendable {
        let host: String
        let port: Int
    }

    private let questions = Mailbox<Question>()
    private let answers = Mailbox<LookupResult>()
    private var asked: Set<Question> = []
    private var isRunning = false

    /// Asks for `host`; the answer comes by `takeAnswers` after `waker` was signalled.
    mutating func ask(
        _ host: String, port: Int, waking waker: EventFD
    ) throws(SystemError) {
        if !isRunning {
            let (questions, answers) = (questions, answers)
            _ = try Thread.start(name: "names") {
                while true {
                    let batch = questions.waitForAll()
                    if batch.isEmpty { return }
                    for question in batch {
                        answers.post(NameLookups.answer(question))
                        waker.signal()
                    }
                }
            }
            isRunning = true
        }
        let question = Question(host: host, port: port)
        if asked.insert(question).inserted { questions.post(question) }
    }

    mutating func takeAnswers() -> [LookupResult] {
        guard !asked.isEmpty else { return [] }
        let taken = answers.takeAll()
        for answer in taken { asked.remove(Question(host: answer.host, port: answer.port)) }
        return taken
    }

    private static func answer(_ question: Question) -> LookupResult {
        let (host, port) = (question.host, question.port)
        do throws(ResolutionError) {
            let found = try NameResolution.resolve(host, port: port)
            return LookupResult(host: host, port: port, outcome: .success(found))
        } catch {
            return LookupResult(host: host, port: port, outcome: .failure(error))
        }
    }
}
