import Platform

Process.exit(SentinelProgram.main(Array(Process.arguments.dropFirst())))
