import signal
import socket
import threading
from collections.abc import Iterator

import pytest

from gradscope.launch.channel import Channel

Ends = tuple[Channel, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, theirs = socket.socketpair()
    channel = Channel(ours.detach())
    with theirs:
        yield channel, theirs
    channel.close()


def read(end: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size and (piece := end.recv(1 << 16)):
        data += piece
    return bytes(data)


def test_receive(ends: Ends) -> None:
    channel, theirs = ends
    assert channel.receive(wait=False) == b""
    theirs.sendall(b"ab")
    assert channel.receive(wait=False) == b"ab"
    theirs.sendall(b"cd")
    assert channel.receive(wait=True) == b"cd"
    assert not channel.gone


def test_the_other_end_goes_away(ends: Ends) -> None:
    channel, theirs = ends
    theirs.close()
    assert channel.receive(wait=True) == b""
    assert channel.gone
    channel.send(b"x")
    assert channel.receive(wait=False) == b""


def test_sending_to_nobody_is_no_error_and_no_signal(ends: Ends) -> None:
    channel, theirs = ends
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        theirs.close()
        channel.send(b"x" * 100)
    finally:
        signal.signal(signal.SIGPIPE, before)
    assert channel.gone


def test_a_signal_that_interrupts_sending_leaves_whole_frames(ends: Ends) -> None:
    channel, theirs = ends
    frame = bytes(range(256)) * (1 << 14)  # four megabytes: more than any socket takes at once
    interrupts = 0

    def interrupt() -> None:
        for _ in range(20):
            assert theirs.recv(1 << 16, socket.MSG_PEEK)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
            if sent.wait(0.001):
                return

    def raise_interrupt(*_: object) -> None:
        nonlocal interrupts
        interrupts += 1
        if interrupts == 1:
            raise KeyboardInterrupt

    sent = threading.Event()
    before = signal.signal(signal.SIGUSR1, raise_interrupt)
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        for _ in range(40):
            try:
                channel.send(frame)
            except KeyboardInterrupt:
                break
    finally:
        sent.set()
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        thread.join()
    assert interrupts
    rest = threading.Thread(target=channel.send, args=(b"last",))
    rest.start()
    received = read(theirs, len(frame) + 4)
    rest.join()
    signal.signal(signal.SIGUSR1, before)
    assert received == frame + b"last"


def test_frames_of_many_threads_are_not_mixed(ends: Ends) -> None:
    channel, theirs = ends
    size = 300_000
    threads = [
        threading.Thread(target=channel.send, args=(bytes([number]) * size,)) for number in range(4)
    ]
    for thread in threads:
        thread.start()
    received = read(theirs, 4 * size)
    for thread in threads:
        thread.join()
    assert {received[at : at + size] for at in range(0, 4 * size, size)} == {
        bytes([number]) * size for number in range(4)
    }
