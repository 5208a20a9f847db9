"""Prints a TensorBoard event file as "step tag value" lines. Knows nothing of protobuf's code or Fallow's: the framing, the
checksums and the messages are read here, by their published descriptions."""
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def check(data, stored):
    crc = crc32c(data)
    masked = (((crc >> 15) | (crc << 17 & 0xFFFFFFFF)) + 0xA282EAD8) & 0xFFFFFFFF
    assert stored == masked, f"checksum {stored:08x}, expected {masked:08x}"


def records(data):
    position = 0
    while position < len(data):
        length, checksum = struct.unpack_from("<QI", data, position)
        check(data[position : position + 8], checksum)
        record = data[position + 12 : position + 12 + length]
        assert len(record) == length, "cut off"
        check(record, *struct.unpack_from("<I", data, position + 12 + length))
        yield record
        position += 16 + length


def varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position


def fields(message):
    """The fields of a message: (number, value), by their wire types."""
    position = 0
    while position < len(message):
        key, position = varint(message, position)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, position = varint(message, position)
        elif kind == 1:
            value, position = struct.unpack_from("<d", message, position)[0], position + 8
        elif kind == 2:
            length, position = varint(message, position)
            value, position = message[position : position + length], position + length
        elif kind == 5:
            value, position = struct.unpack_from("<f", message, position)[0], position + 4
        else:
            raise AssertionError(f"wire type {kind}")
        yield number, value


def main(path):
    assert crc32c(b"123456789") == 0xE3069283
    with open(path, "rb") as file:
        data = file.read()
    last_time = 0
    for index, record in enumerate(records(data)):
        event = dict(fields(record))
        assert event[1] >= last_time, f"time runs from {last_time} to {event[1]}"
        last_time = event[1]
        if index == 0:
            assert event[3] == b"brain.Event:2" and 2 not in event, event
            continue
        for number, value in fields(event[5]):
            assert number == 1
            scalar = dict(fields(value))
            print(event[2], scalar[1].decode(), f"{scalar[2]:.6g}")


main(sys.argv[1])
