"""What the kernel lets through to a packet socket: without it a busy host's whole traffic would come to Python."""

from __future__ import annotations

import ctypes
import socket
import struct

from float.filter_program import Instruction

_SO_ATTACH_FILTER = 26
_LOAD_HALF, _LOAD_BYTE, _IF_EQUAL, _RETURN = 0x28, 0x30, 0x15, 0x06
_WHOLE_FRAME = 0x40000
_TYPE_AT = 12
_IPV4_PROTOCOL_AT = 14 + 9
_IPV6_NEXT_HEADER_AT = 14 + 6

VRRP: tuple[Instruction, ...] = (
    (_LOAD_HALF, 0, 0, _TYPE_AT),
    (_IF_EQUAL, 0, 2, 0x0800),
    (_LOAD_BYTE, 0, 0, _IPV4_PROTOCOL_AT),
    (_IF_EQUAL, 3, 4, 112),
    (_IF_EQUAL, 0, 3, 0x86DD),
    (_LOAD_BYTE, 0, 0, _IPV6_NEXT_HEADER_AT),
    (_IF_EQUAL, 0, 1, 112),
    (_RETURN, 0, 0, _WHOLE_FRAME),
    (_RETURN, 0, 0, 0),
)
"""IPv4 and IPv6 packets of protocol 112, on a socket that sees Ethernet frames."""


def attach(sock: socket.socket, program: tuple[Instruction, ...]) -> None:
    """Let the kernel drop what the program does not accept. Raises OSError."""
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(program), ctypes.addressof(buffer)))
