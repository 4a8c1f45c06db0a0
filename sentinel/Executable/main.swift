import Platform

Process.exit(SentinelProgram.main(Array(Process.argumentBytes.dropFirst())))
