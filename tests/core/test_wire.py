"""Messages survive the wire, whatever the pieces they arrive in."""

import itertools
import math
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradscope.core import wire
from gradscope.core.commands import Command, Evaluate, Pause, ReadTensor, Resume, Slice, Until
from gradscope.core.events import (
    Answer,
    Ended,
    Event,
    Facts,
    Inside,
    Moment,
    Notice,
    Output,
    SourceLine,
)
from gradscope.core.tensors import Histogram, Measurement, Stats, TensorData, Thumbnail
from gradscope.core.words import Detail, Phase, Role, When

floats = st.floats(allow_nan=False)
names = st.text(max_size=20)
counts = st.integers(0, 2**62)
shapes = st.lists(st.integers(0, 1000), max_size=4).map(tuple)

stats = st.builds(
    Stats,
    shape=shapes,
    dtype=names,
    norm=floats,
    mean=st.none() | floats,
    zeros=st.none() | counts,
    histogram=st.none() | st.builds(Histogram, low=floats, high=floats, packed=st.binary()),
    thumbnail=st.none()
    | st.builds(
        Thumbnail,
        shape=shapes,
        block=st.tuples(counts, counts),
        total=counts,
        scale=floats,
        packed=st.binary(),
    ),
)
moments = st.builds(
    Moment,
    seq=counts,
    iteration=counts,
    epoch=counts,
    phase=st.sampled_from(Phase),
    inside=st.none() | st.builds(Inside, kind=names, name=names),
    line=st.none() | st.builds(SourceLine, file=names, line=counts, function=names),
    time=floats,
    duration=floats,
    loss=st.none() | floats,
    grad_norm=st.none() | floats,
    lr=st.none() | floats,
    detail=st.sampled_from(Detail),
    facts=st.builds(Facts, grads_filled=counts, by_hand=st.booleans()),
    measurements=st.lists(
        st.builds(Measurement, role=st.sampled_from(Role), name=names, stats=st.none() | stats),
        max_size=3,
    ),
    batch=st.just([]),
    stop=names,
)
events: st.SearchStrategy[Event] = st.one_of(
    moments,
    st.builds(Output, stream=names, data=st.binary()),
    st.builds(Notice, text=names),
    st.builds(Ended, status=st.integers(-64, 255)),
    st.builds(Answer, request=counts, text=names, absent=st.booleans()),
)
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(Resume, until=st.sampled_from(Until), count=counts, iteration=st.none() | counts),
    st.builds(Pause),
    st.builds(Evaluate, request=counts, expression=names),
    st.builds(
        ReadTensor,
        request=counts,
        role=st.sampled_from(Role),
        name=names,
        when=st.sampled_from(When),
        index=st.lists(st.builds(Slice, start=st.none() | counts, element=st.booleans())),
    ),
)


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return (data[start:stop] for start, stop in itertools.pairwise(edges))


@given(sent=st.lists(events, max_size=4), cuts=st.lists(st.integers(0, 10_000), max_size=6))
def test_events_arrive_as_sent_in_any_pieces(sent: list[Event], cuts: list[int]) -> None:
    decoder = wire.event_decoder()
    stream = b"".join(map(wire.encode, sent))
    received = [event for piece in pieces(stream, cuts) for event in decoder.feed(piece)]
    assert received == sent


@given(sent=commands)
def test_commands_arrive_as_sent(sent: Command) -> None:
    assert list(wire.command_decoder().feed(wire.encode(sent))) == [sent]


@given(garbage=st.binary(min_size=1, max_size=200))
def test_garbage_is_a_wire_error_or_incomplete(garbage: bytes) -> None:
    try:
        received = list(wire.event_decoder().feed(garbage))
    except wire.WireError:
        return
    for event in received:
        assert isinstance(event, msgspec.Struct)


def test_an_absurd_length_is_refused_before_anything_is_allocated() -> None:
    with pytest.raises(wire.WireError, match="4294967295 bytes"):
        list(wire.event_decoder().feed(b"\xff\xff\xff\xff"))


def test_nan_loss_is_kept() -> None:
    moment = Moment(
        seq=1,
        iteration=1,
        epoch=1,
        phase=Phase.LOSS,
        inside=None,
        line=None,
        time=0.0,
        duration=0.0,
        loss=math.nan,
        grad_norm=math.inf,
        lr=None,
        detail=Detail.NORMS,
        facts=Facts(),
        measurements=[],
        batch=[],
        stop="",
    )
    (received,) = wire.event_decoder().feed(wire.encode(moment))
    assert isinstance(received, Moment)
    assert received.loss is not None
    assert math.isnan(received.loss)
    assert received.grad_norm == math.inf


def test_tensor_data_refuses_bytes_that_do_not_fill_its_shape() -> None:
    with pytest.raises(ValueError, match="reshape"):
        _ = TensorData("float32", "<f4", (2, 2), (2, 2), b"\0" * 12).array
