"""What Tests/systemd-test does once a real systemd has booted: installs, starts @primary,
@secondary and three sentinels, and breaks things."""
import argparse
import glob
import os
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, 'demo.d'))
from group import wait_for  # noqa: E402
from resp import Connection, ReplyError, connect_primary, info, primary_address  # noqa: E402
from writers import Writer  # noqa: E402

GROUP = 'main'
PORTS = {'primary': 6379, 'secondary': 6380}
SENTINELS = {1: 26379, 2: 26380, 3: 26381}
ADDRESSES = [('127.0.0.1', port) for port in SENTINELS.values()]
SYSTEM = '/usr/lib/systemd/system'
WORST_SCORE = 12  # tenths of a point of systemd-analyze security


def run(*command, check=True):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False)
    if check and result.returncode != 0:
        raise AssertionError(f'{" ".join(command)}: status {result.returncode}\n{result.stdout}')
    return result.stdout


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


class Unit:
    """One server as systemd and as a client see it."""

    def __init__(self, name):
        self.name, self.unit, self.port = name, f'tandem-server@{name}.service', PORTS[name]

    def property(self, name):
        return run('systemctl', 'show', '--value', '-p', name, self.unit).strip()

    def ask(self, *command):
        with Connection(('127.0.0.1', self.port), 1) as connection:
            return connection(*command)

    def info(self):
        with Connection(('127.0.0.1', self.port), 1) as connection:
            return info(connection)

    def signal(self, name):
        run('systemctl', 'kill', '--kill-whom=main', '-s', name, self.unit)

    def drop_in(self, name, text):
        write(f'/etc/systemd/system/{self.unit}.d/{name}.conf', text)
        run('systemctl', 'daemon-reload')

    def remove_drop_in(self, name):
        os.remove(f'/etc/systemd/system/{self.unit}.d/{name}.conf')
        run('systemctl', 'daemon-reload')


SERVERS = [Unit('primary'), Unit('secondary')]


def primary():
    """The server that calls itself primary and that every sentinel names."""
    said = {primary_address([address], GROUP) for address in ADDRESSES}
    for server in SERVERS:
        if said == {('127.0.0.1', server.port)} and server.ask('ROLE')[0] == b'master':
            return server
    return None


def other(server):
    return next(candidate for candidate in SERVERS if candidate is not server)


def replica_views(address):
    with Connection(address, 1) as sentinel:
        replies = sentinel('SENTINEL', 'REPLICAS', GROUP)
    return [dict(zip(reply[::2], reply[1::2])) for reply in replies]


def healthy():
    """One primary, one live secondary that follows it, and three sentinels that know all that."""
    leader = primary()
    if leader is None:
        return False
    role = other(leader).ask('ROLE')
    if role[0] != b'slave' or role[2] != leader.port or role[3] != b'connected':
        return False
    for address in ADDRESSES:
        views = replica_views(address)
        if [view[b'flags'] for view in views] != [b'slave'] or \
                views[0][b'master-link-status'] != b'ok':
            return False
        with Connection(address, 1) as sentinel:
            if not sentinel('SENTINEL', 'CKQUORUM', GROUP).startswith('OK 3'):
                return False
    return True


def heal(seconds=60):
    return wait_for('a healthy group', healthy, seconds)


class Load:
    """Both kinds of clients for as long as the block lasts; afterwards `lost` counts."""

    def __enter__(self):
        tag = f'{time.monotonic_ns()}'
        self.writers = [Writer(f'checked-{tag}', ADDRESSES, GROUP, True),
                        Writer(f'plain-{tag}', ADDRESSES, GROUP, False)]
        for writer in self.writers:
            writer.start()
        for writer in self.writers:
            wait_for('the load begins', lambda w=writer: len(w.acknowledged) > 50)
        return self

    def goes_on(self):
        plain = self.writers[1]
        count = len(plain.acknowledged)
        wait_for('writes go on', lambda: len(plain.acknowledged) > count + 50, 30)

    def __exit__(self, *_):
        for writer in self.writers:
            writer.stop()

    def lost(self):
        """Lost writes: confirmed ones, plain ones."""
        with connect_primary(ADDRESSES, GROUP, 10) as connection:
            return [len(writer.lost(connection)) for writer in self.writers]

    def gap(self):
        return max(writer.longest_gap for writer in self.writers) * 1000


def expect(holds, complaint, options):
    """An assertion that redis-server is known not to meet."""
    if options.stand_in and not holds:
        print(f'redis-server: {complaint}')
    else:
        assert holds, complaint


# The scenarios, in this order.

def install(options):
    """The install script; units that systemd finds nothing to say about; the sandbox's score"""
    print(run(f'{HERE}/systemd/install', '--prefix', '/usr', '--bin', f'{HERE}/bin'))
    units = [f'{SYSTEM}/{unit}' for unit in (
        'tandem-server@.service', 'tandem-sentinel@.service', 'tandem.target')]
    said = run('systemd-analyze', 'verify', '--man=no', *units)
    assert said.strip() == '', f'systemd-analyze verify says:\n{said}'
    for unit in units[:2]:
        listing = run('systemd-analyze', 'security', '--offline=true', '--no-pager',
                      f'--threshold={WORST_SCORE}', unit)
        print(listing.strip().splitlines()[-1])
    owner = run('stat', '-c', '%U %a', '/var/lib/tandem', '/etc/tandem').split()
    assert owner == ['tandem', '750', 'root', '770'], owner
    with open('/etc/tandem/sentinel-main.conf', encoding='utf-8') as file:
        sample = file.read()
    for number, port in SENTINELS.items():
        write(f'/etc/tandem/sentinel-{number}.conf', sample.replace('26379', str(port)))
    for name in PORTS:
        # The hard case: nothing on disk, so a restarted primary comes up empty.
        with open(f'/etc/tandem/{name}.conf', 'a', encoding='utf-8') as file:
            file.write('save ""\nrepl-diskless-sync-delay 0\n')
    run('systemd-tmpfiles', '--create', '/usr/lib/tmpfiles.d/tandem.conf')
    if options.stand_in:
        stand_in()


def stand_in():
    """What redis-server needs to run under these units: no watchdog, a word for sentinel mode."""
    write('/etc/systemd/system/tandem-server@.service.d/stand-in.conf',
          '[Service]\nWatchdogSec=0\nExecPaths=/usr/bin\n')
    write('/etc/systemd/system/tandem-sentinel@.service.d/stand-in.conf',
          '[Service]\nWatchdogSec=0\nExecStart=\nExecStart=/usr/bin/tandem-sentinel '
          '/etc/tandem/sentinel-%i.conf --sentinel --supervised systemd --daemonize no\n')
    run('systemctl', 'daemon-reload')


def start(_):
    """@primary, @secondary and three sentinels come up and find each other"""
    run('systemctl', 'start', *[server.unit for server in SERVERS],
        *[f'tandem-sentinel@{number}.service' for number in SENTINELS])
    for server in SERVERS:
        assert server.property('ActiveState') == 'active'
        print(f'{server.unit}: {server.property("StatusText")}')
    heal()
    assert primary().name == 'primary'


def killed(options):
    """SIGKILL of the primary under load, restarted by systemd: one writable primary, no data wiped"""
    victim = primary()
    with Load() as load:
        victim.signal('KILL')
        wait_for('systemd restarts the unit', lambda: victim.property('NRestarts') != '0')
        took = heal()
        load.goes_on()
    heal()
    sizes = [server.ask('DBSIZE') for server in SERVERS]
    confirmed, plain = load.lost()
    print(f'healthy after {took:.1f} s, primary is {primary().name}, keys {sizes}, '
          f'longest gap {load.gap():.0f} ms, plain writes lost {plain}')
    expect(confirmed == 0, f'{confirmed} confirmed writes lost', options)
    assert min(sizes) > 0 and sizes[0] == sizes[1], f'keys on the servers: {sizes}'


def kept_down(_):
    """SIGKILL with the unit kept from restarting: the secondary takes over, the unit rejoins later"""
    victim = primary()
    victim.drop_in('kept-down', '[Service]\nRestart=no\n')
    with Load() as load:
        victim.signal('KILL')
        took = wait_for('the secondary is the primary', lambda: primary() is other(victim), 30)
        load.goes_on()
    confirmed, plain = load.lost()
    print(f'promoted after {took * 1000:.0f} ms, longest gap {load.gap():.0f} ms, '
          f'plain writes lost {plain}')
    assert confirmed == 0, f'{confirmed} confirmed writes lost'
    assert victim.property('ActiveState') == 'failed'
    victim.remove_drop_in('kept-down')
    run('systemctl', 'start', victim.unit)
    heal()
    assert primary() is other(victim), 'the old primary took the role back'


def watchdog(options):
    """A hung server (SIGSTOP) is restarted by the watchdog"""
    if options.stand_in:
        print('redis-server does not feed the watchdog: nothing to see')
        return
    victim = primary()
    restarts = int(victim.property('NRestarts'))
    pid = victim.property('MainPID')
    victim.signal('STOP')
    took = wait_for('the watchdog fires', lambda: int(victim.property('NRestarts')) > restarts
                    and victim.property('MainPID') not in ('0', pid), 30)
    journal = run('journalctl', '--no-pager', '-u', victim.unit)
    assert 'Watchdog timeout' in journal
    print(f'restarted after {took:.1f} s')
    heal()


def handed_over(options):
    """systemctl stop of a primary hands over first: no acknowledged write is lost"""
    victim = primary()
    with Load() as load:
        begin = time.monotonic()
        run('systemctl', 'stop', victim.unit)
        took = time.monotonic() - begin
        wait_for('the secondary is the primary', lambda: primary() is other(victim), 30)
        load.goes_on()
    confirmed, plain = load.lost()
    print(f'stopped in {took:.1f} s, longest gap {load.gap():.0f} ms, '
          f'lost: confirmed {confirmed}, plain {plain}')
    assert confirmed == 0, f'{confirmed} confirmed writes lost'
    expect(plain == 0, f'{plain} acknowledged writes lost', options)
    assert victim.property('Result') == 'success', victim.property('Result')
    run('systemctl', 'start', victim.unit)
    heal()


def reloaded(_):
    """systemctl reload leaves the server serving, with the same process"""
    server = primary()
    pid = server.property('MainPID')
    run('systemctl', 'reload', server.unit)
    wait_for('the reload ends', lambda: server.property('ActiveState') == 'active')
    assert server.property('MainPID') == pid
    assert server.ask('PING') == 'PONG'


def activated(options):
    """A socket unit starts its server on the first connection"""
    if options.stand_in:
        print('redis-server takes no sockets from systemd: nothing to see')
        return
    write('/etc/tandem/activated.conf', 'port 6399\nbind 127.0.0.1\nsave ""\n')
    run('systemd-tmpfiles', '--create', '/usr/lib/tmpfiles.d/tandem.conf')
    write('/etc/systemd/system/tandem-server@activated.socket.d/port.conf',
          '[Socket]\nListenStream=\nListenStream=127.0.0.1:6399\n'
          'ListenStream=%t/tandem-%i.sock\n')
    run('systemctl', 'daemon-reload')
    run('systemctl', 'start', 'tandem-server@activated.socket')
    for address in (('127.0.0.1', 6399), '/run/tandem-activated.sock'):
        with Connection(address, 20) as connection:
            # The first connection comes before the data are loaded.
            wait_for('PONG', lambda: connection('PING') == 'PONG')
    run('systemctl', 'stop', 'tandem-server@activated.socket', 'tandem-server@activated.service')


def uninstalled(_):
    """The uninstall script stops everything and keeps data and configuration"""
    print(run(f'{HERE}/systemd/uninstall', '--prefix', '/usr'))
    assert not glob.glob(f'{SYSTEM}/tandem*') and not glob.glob('/usr/bin/tandem*')
    assert os.path.exists('/etc/tandem/primary.conf') and os.path.exists('/var/lib/tandem/primary')
    for port in list(PORTS.values()) + list(SENTINELS.values()):
        try:
            Connection(('127.0.0.1', port), 1).close()
        except OSError:
            continue
        raise AssertionError(f'something still listens on port {port}')


SCENARIOS = [install, start, killed, kept_down, watchdog, handed_over, reloaded, activated,
             uninstalled]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--only', choices=[scenario.__name__ for scenario in SCENARIOS])
    parser.add_argument('--stand-in', action='store_true')
    options = parser.parse_args()
    for scenario in SCENARIOS:
        needed = scenario in (install, start)
        if options.only and scenario.__name__ != options.only and not needed:
            continue
        begin = time.monotonic()
        try:
            print(f'--- {scenario.__name__}: {scenario.__doc__}', flush=True)
            scenario(options)
        except Exception:
            traceback.print_exc(file=sys.stdout)
            print(run('journalctl', '--no-pager', '-n', '120', '-o', 'short-precise', check=False))
            print(f'FAIL {scenario.__name__}')
            print(f'repeat with: Tests/systemd-test --only {scenario.__name__}')
            return 1
        print(f'pass {scenario.__name__} ({time.monotonic() - begin:.1f} s)', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
