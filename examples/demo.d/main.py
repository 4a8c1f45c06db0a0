"""The main job on one machine: a primary, its secondary and three sentinels that fail over by
themselves while clients write. Started by examples/demo."""
import argparse
import os
import select
import signal
import sys
import termios
import time
import tty

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from group import GROUP, Group, TookTooLong, wait_for  # noqa: E402
from resp import Connection, ReplyError, connect_primary  # noqa: E402
from table import EventReader, Watcher, draw  # noqa: E402
from writers import Writer  # noqa: E402


class Demo:
    """The group, its two clients and what can be done to them."""

    def __init__(self, arguments):
        self.group = Group([arguments.server] * 2, [arguments.sentinel] * 3, arguments.keep)
        addresses = self.group.sentinel_addresses
        self.writers = [Writer('checked', addresses, GROUP, True),
                        Writer('plain', addresses, GROUP, False)]
        self.message = ''

    def kill(self):
        node = self.group.primary()
        if node is None:
            return 'there is no primary to kill'
        node.kill()
        return f'killed {node.name}'

    def restart(self):
        dead = [node for node in self.group.servers if not node.alive]
        for node in dead:
            node.start()
        return 'restarted ' + ', '.join(node.name for node in dead) if dead else 'nothing is dead'

    def switch_over(self):
        """Asks the sentinels in turn; the reply of the last one says why it cannot be done."""
        reason = 'no sentinel answers'
        for sentinel in self.group.sentinels:
            try:
                with Connection(sentinel.address, timeout=10) as connection:
                    connection('SENTINEL', 'FAILOVER', GROUP)
                return 'switchover asked for'
            except (OSError, ReplyError) as error:
                reason = str(error)
        return f'cannot switch over: {reason}'

    def start_writers(self):
        for writer in self.writers:
            writer.start()
        for writer in self.writers:
            wait_for(f'the {writer.title} writer writes', lambda w=writer: len(w.acknowledged) > 10)

    def finish(self):
        """Stops the writers, looks for what they were promised, says the result. Returns the
        number of confirmed writes that are lost."""
        for writer in self.writers:
            writer.stop()
        if self.group.primary() is None:
            print('waiting for a primary to check against')
        connection = None

        def connect():
            nonlocal connection
            connection = connect_primary(self.group.sentinel_addresses, GROUP, timeout=10)
            return True
        wait_for('a primary to check the writes against', connect, 30)
        confirmed_lost = 0
        with connection:
            for writer in self.writers:
                lost = writer.lost(connection)
                if writer.checked:
                    confirmed_lost = len(lost)
                print(writer.summary(len(lost)))
        return confirmed_lost


def say(started, text):
    print(f'{time.monotonic() - started:6.1f} s  {text}', flush=True)


def script(demo):
    """Kill, restart and switchover without a person. Returns the exit status."""
    started = time.monotonic()
    group = demo.group
    group.start()
    say(started, 'one primary, one secondary, three sentinels')
    demo.start_writers()
    time.sleep(1)

    old = group.primary()
    new = next(node for node in group.servers if node is not old)
    say(started, f'kill -9 {old.name}, the primary, port {old.port}, under load')
    old.kill()
    took = wait_for('every sentinel names the secondary', lambda: group.agreed(new.port), 30)
    say(started, f'every sentinel names {new.name}, port {new.port}, after {took * 1000:.0f} ms')
    writes = len(demo.writers[1].acknowledged)
    wait_for('writes go on', lambda: len(demo.writers[1].acknowledged) > writes + 10)
    say(started, 'writes go on')

    say(started, demo.restart())
    wait_for(f'{old.name} follows {new.name}', group.in_sync, 60)
    confirmed = len(demo.writers[0].acknowledged)
    wait_for('writes are confirmed again',
             lambda: len(demo.writers[0].acknowledged) > confirmed + 10)
    say(started, f'{old.name} follows {new.name}')
    wait_for('the sentinels see a secondary', lambda: all(
        replica_is_good(group, sentinel) for sentinel in group.sentinels), 30)

    begin = time.monotonic()
    wait_for('a switchover begins', lambda: switch_or_raise(demo), 30)
    wait_for(f'every sentinel names {old.name}', lambda: group.agreed(old.port), 30)
    wait_for('the roles are exchanged', group.in_sync, 30)
    say(started, f'switched over to {old.name} in {(time.monotonic() - begin) * 1000:.0f} ms')
    time.sleep(1)

    lost = demo.finish()
    return 1 if lost else 0


def switch_or_raise(demo):
    answer = demo.switch_over()
    if answer.startswith('cannot'):
        raise ReplyError(answer)
    return True


def replica_is_good(group, sentinel):
    """Whether this sentinel sees one live secondary that follows the primary."""
    replicas = sentinel.ask('SENTINEL', 'REPLICAS', GROUP)
    views = [dict(zip(reply[::2], reply[1::2])) for reply in replicas]
    return [view[b'flags'] for view in views] == [b'slave'] and \
        views[0][b'master-link-status'] == b'ok'


def interactive(demo):
    """The live table until q is pressed. Returns the exit status."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print('The live table needs a terminal; --script does without.', file=sys.stderr)
        return 2
    print('starting a primary, a secondary and three sentinels')
    demo.group.start()
    for writer in demo.writers:
        writer.start()
    watcher = Watcher(demo.group)
    watcher.start()
    events = EventReader(demo.group.sentinels[0])
    events.start()
    before = termios.tcgetattr(sys.stdin)
    sys.stdout.write('\033[?1049h\033[?25l')
    try:
        tty.setcbreak(sys.stdin)
        while True:
            sys.stdout.write(draw(watcher, demo.writers, demo.message, events.last))
            sys.stdout.flush()
            if not select.select([sys.stdin], [], [], 0.2)[0]:
                continue
            key = sys.stdin.read(1)
            if key == 'q':
                break
            actions = {'k': demo.kill, 's': demo.switch_over, 'r': demo.restart}
            if key in actions:
                demo.message = actions[key]()
    finally:
        sys.stdout.write('\033[?25h\033[?1049l')
        sys.stdout.flush()
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        watcher.stop()
    return 1 if demo.finish() else 0


def main():
    parser = argparse.ArgumentParser(prog='examples/demo', description=__doc__)
    parser.add_argument('--script', action='store_true',
                        help='kill, restart and switch over unattended')
    parser.add_argument('--server', required=True, help='the data server to run')
    parser.add_argument('--sentinel', required=True, help='the sentinel to run')
    parser.add_argument('--keep', action='store_true', help='keep logs and configuration')
    arguments = parser.parse_args()
    arguments.server = arguments.server.split()
    arguments.sentinel = arguments.sentinel.split()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    demo = Demo(arguments)
    try:
        return script(demo) if arguments.script else interactive(demo)
    except TookTooLong as problem:
        print(f'FAILED: {problem}', file=sys.stderr)
        for node in demo.group.nodes:
            if os.path.exists(os.path.join(node.folder, 'log')):
                print(f'--- {node.name}, port {node.port}', file=sys.stderr)
                print('\n'.join(node.log_tail()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        demo.group.close()


if __name__ == '__main__':
    sys.exit(main())
