import Platform

Process.exit(ServerProgram.main(Array(Process.arguments.dropFirst())))
