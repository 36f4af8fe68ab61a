// Frames: every rule of RFC 6455 5.2 to 5.5, 7.4 and 8.1 as rows of a table.
//
// Every row is fed in every way (see next_feeding), alone and with a ping behind
// it. What happens must not depend on the way.

#include "support.h"

typedef struct {
  const char *name;    // rule under test
  const char *wire;    // what the client sends, see support.h
  const char *events;  // what happens, see transcript; "~" when a frame is not
                       // complete
  wsabi_failure failure;
  const char *reply;   // what is sent: data, then pongs, then Close; without the
                       // Close of a failure, whose code is that of the event
} row;

// Most failures are answered with 1002, protocol error.
#define F1002(name) "F1002 ", WSABI_FAILURE_##name, ""

static const row rows[] = {
    // 5.7: the examples
    {"5.7 masked text", "81 85 M 'Hello'", "T5 ", 0, "81 05 'Hello'"},
    {"5.7 fragmented text", "01 83 M 'Hel'; 80 82 M 'lo'", "T5 ", 0, "81 05 'Hello'"},
    {"5.7 ping", "89 85 M 'Hello'", "P5 ", 0, "8a 05 'Hello'"},
    {"5.7 pong", "8a 85 M 'Hello'", "O5 ", 0, ""},
    {"5.7 256 octets, 16-bit length", "82 fe 0100 M [256 61]", "B256 ", 0, "82 7e 0100 [256 61]"},
    {"5.7 64 KiB, 64-bit length", "82 ff 0000000000010000 M [65536 61]", "B65536 ", 0,
     "82 7f 0000000000010000 [65536 61]"},

    // 5.2: lengths
    {"5.2 empty text", "81 80 M", "T0 ", 0, "81 00"},
    {"5.2 empty binary", "82 80 M", "B0 ", 0, "82 00"},
    {"5.2 one octet", "82 81 M 00", "B1 ", 0, "82 01 00"},
    {"5.2 longest 7-bit length", "82 fd M [125 62]", "B125 ", 0, "82 7d [125 62]"},
    {"5.2 shortest 16-bit length", "81 fe 007e M [126 62]", "T126 ", 0, "81 7e 007e [126 62]"},
    {"5.2 127 octets", "81 fe 007f M [127 62]", "T127 ", 0, "81 7e 007f [127 62]"},
    {"5.2 128 octets", "82 fe 0080 M [128 fe]", "B128 ", 0, "82 7e 0080 [128 fe]"},
    {"5.2 longest 16-bit length", "82 fe ffff M [65535 63]", "B65535 ", 0, "82 7e ffff [65535 63]"},
    {"5.2 64 KiB of text", "81 ff 0000000000010000 M [65536 63]", "T65536 ", 0,
     "81 7f 0000000000010000 [65536 63]"},
    {"5.2 16-bit length 0", "81 fe 0000 M", F1002(NON_MINIMAL_LENGTH)},
    {"5.2 16-bit length 5", "81 fe 0005 M 'Hello'", F1002(NON_MINIMAL_LENGTH)},
    {"5.2 16-bit length 125", "82 fe 007d M", F1002(NON_MINIMAL_LENGTH)},
    {"5.2 64-bit length 0", "82 ff 0000000000000000 M", F1002(NON_MINIMAL_LENGTH)},
    {"5.2 64-bit length 125", "82 ff 000000000000007d M", F1002(NON_MINIMAL_LENGTH)},
    {"5.2 64-bit length 126", "82 ff 000000000000007e M", F1002(NON_MINIMAL_LENGTH)},
    {"5.2 64-bit length 65535", "82 ff 000000000000ffff M", F1002(NON_MINIMAL_LENGTH)},
    {"5.2 not minimal in a continuation", "01 81 M 'a'; 80 fe 0001 M 'b'", F1002(NON_MINIMAL_LENGTH)},
    {"5.2 2^63", "82 ff 8000000000000000 M", F1002(LENGTH_TOO_LARGE)},
    {"5.2 2^63 + 5", "81 ff 8000000000000005 M", F1002(LENGTH_TOO_LARGE)},
    {"5.2 2^64 - 14", "82 ff fffffffffffffff2 M", F1002(LENGTH_TOO_LARGE)},
    {"5.2 2^64 - 1", "82 ff ffffffffffffffff M", F1002(LENGTH_TOO_LARGE)},
    {"5.2 2^64 - 1 in a continuation", "02 81 M 'a'; 80 ff ffffffffffffffff M", F1002(LENGTH_TOO_LARGE)},
    {"10.4 2^63 - 1", "82 ff 7fffffffffffffff M", "F1009 ", WSABI_FAILURE_MESSAGE_TOO_BIG, ""},
    {"10.4 2^63 - 1 in a continuation", "02 81 M 'a'; 80 ff 7fffffffffffffff M", "F1009 ",
     WSABI_FAILURE_MESSAGE_TOO_BIG, ""},
    {"10.4 2^62", "82 ff 4000000000000000 M", "F1009 ", WSABI_FAILURE_MESSAGE_TOO_BIG, ""},
    {"10.4 2^32", "81 ff 0000000100000000 M", "F1009 ", WSABI_FAILURE_MESSAGE_TOO_BIG, ""},
    {"10.4 2^32 - 1", "81 ff 00000000ffffffff M", "F1009 ", WSABI_FAILURE_MESSAGE_TOO_BIG, ""},
    {"10.4 one octet above 16 MiB", "82 ff 0000000001000001 M", "F1009 ",
     WSABI_FAILURE_MESSAGE_TOO_BIG, ""},
    {"10.4 16 MiB are announced", "82 ff 0000000001000000 M 'a'", "~", 0, ""},

    // 5.2: reserved bits and opcodes
    {"5.2 RSV1 on text", "c1 80 M", F1002(RESERVED_BIT)},
    {"5.2 RSV2 on text", "a1 80 M", F1002(RESERVED_BIT)},
    {"5.2 RSV3 on text", "91 80 M", F1002(RESERVED_BIT)},
    {"5.2 all bits on binary", "f2 80 M", F1002(RESERVED_BIT)},
    {"5.2 RSV1 on a ping", "c9 80 M", F1002(RESERVED_BIT)},
    {"5.2 RSV2 on a Close", "a8 80 M", F1002(RESERVED_BIT)},
    {"5.2 RSV1 on a continuation", "01 80 M; c0 80 M", F1002(RESERVED_BIT)},
    {"5.2 opcode 3", "83 80 M", F1002(RESERVED_OPCODE)},
    {"5.2 opcode 4", "84 80 M", F1002(RESERVED_OPCODE)},
    {"5.2 opcode 5", "85 80 M", F1002(RESERVED_OPCODE)},
    {"5.2 opcode 6", "86 80 M", F1002(RESERVED_OPCODE)},
    {"5.2 opcode 7", "87 80 M", F1002(RESERVED_OPCODE)},
    {"5.2 opcode 11", "8b 80 M", F1002(RESERVED_OPCODE)},
    {"5.2 opcode 12", "8c 80 M", F1002(RESERVED_OPCODE)},
    {"5.2 opcode 13", "8d 80 M", F1002(RESERVED_OPCODE)},
    {"5.2 opcode 14", "8e 80 M", F1002(RESERVED_OPCODE)},
    {"5.2 opcode 15", "8f 80 M", F1002(RESERVED_OPCODE)},

    // 5.1, 5.3: masks
    {"5.1 unmasked text", "81 05 'Hello'", F1002(UNMASKED)},
    {"5.1 unmasked empty text", "81 00", F1002(UNMASKED)},
    {"5.1 unmasked binary", "82 01 00", F1002(UNMASKED)},
    {"5.1 unmasked continuation", "01 80 M; 80 00", F1002(UNMASKED)},
    {"5.1 unmasked ping", "89 00", F1002(UNMASKED)},
    {"5.1 unmasked pong", "8a 00", F1002(UNMASKED)},
    {"5.1 unmasked Close", "88 02 03e8", F1002(UNMASKED)},
    {"5.3 a key of zeros", "81 85 00000000 'Hello'", "T5 ", 0, "81 05 'Hello'"},
    {"5.3 another key a frame", "82 82 01020304 0101; 82 82 ffffffff 0000", "B2 B2 ", 0,
     "82 02 0003 82 02 ffff"},
    {"5.3 payload equal to the key", "82 84 37fa213d 37fa213d", "B4 ", 0, "82 04 00000000"},

    // 5.4: fragments
    {"5.4 three fragments", "01 81 M 'a'; 00 81 M 'b'; 80 81 M 'c'", "T3 ", 0, "81 03 'abc'"},
    {"5.4 binary fragments", "02 81 M ff; 00 81 M 00; 80 81 M fe", "B3 ", 0, "82 03 ff00fe"},
    {"5.4 empty first fragment", "01 80 M; 80 81 M 'a'", "T1 ", 0, "81 01 'a'"},
    {"5.4 empty last fragment", "01 81 M 'a'; 80 80 M", "T1 ", 0, "81 01 'a'"},
    {"5.4 empty fragment between", "01 81 M 'a'; 00 80 M; 80 81 M 'b'", "T2 ", 0, "81 02 'ab'"},
    {"5.4 only empty fragments", "01 80 M; 00 80 M; 00 80 M; 80 80 M", "T0 ", 0, "81 00"},
    {"5.4 ping between fragments", "01 81 M 'a'; 89 81 M 'p'; 80 81 M 'b'", "P1 T2 ", 0,
     "81 02 'ab' 8a 01 'p'"},
    {"5.4 pong between fragments", "02 81 M 'a'; 8a 80 M; 80 81 M 'b'", "O0 B2 ", 0, "82 02 'ab'"},
    {"5.4 pings between all fragments",
     "89 80 M; 01 81 M 'a'; 89 81 M '1'; 00 81 M 'b'; 89 81 M '2'; 80 81 M 'c'; 89 80 M",
     "P0 P1 P1 T3 P0 ", 0, "81 03 'abc' 8a 00 8a 01 '1' 8a 01 '2' 8a 00"},
    {"5.4 Close between fragments", "01 81 M 'a'; 88 82 M 03e8; 80 81 M 'b'", "C1000 ", 0, "88 02 03e8"},
    {"5.4 two fragmented messages", "01 81 M 'a'; 80 81 M 'b'; 02 81 M 'c'; 80 81 M 'd'", "T2 B2 ", 0,
     "81 02 'ab' 82 02 'cd'"},
    {"5.4 first fragment alone", "01 83 M 'Hel'", "", 0, ""},
    {"5.4 fragments longer than 125", "02 fe 0080 M [128 61]; 80 fe 0080 M [128 62]", "B256 ", 0,
     "82 7e 0100 [128 61] [128 62]"},
    {"5.4 continuation first", "80 81 M 'a'", F1002(NOTHING_TO_CONTINUE)},
    {"5.4 continuation without FIN first", "00 80 M", F1002(NOTHING_TO_CONTINUE)},
    {"5.4 continuation of a finished message", "01 80 M; 80 80 M; 80 80 M", "T0 F1002 ",
     WSABI_FAILURE_NOTHING_TO_CONTINUE, "81 00"},
    {"5.4 a ping starts nothing", "89 80 M; 80 80 M", "P0 F1002 ", WSABI_FAILURE_NOTHING_TO_CONTINUE,
     "8a 00"},
    {"5.4 text inside text", "01 81 M 'a'; 81 81 M 'b'", F1002(MESSAGE_INTERRUPTED)},
    {"5.4 binary inside text", "01 81 M 'a'; 82 81 M 'b'", F1002(MESSAGE_INTERRUPTED)},
    {"5.4 first fragment twice", "02 81 M 'a'; 02 81 M 'b'", F1002(MESSAGE_INTERRUPTED)},

    // 5.5: control frames
    {"5.5.2 empty ping", "89 80 M", "P0 ", 0, "8a 00"},
    {"5.5.2 longest ping", "89 fd M [125 fe]", "P125 ", 0, "8a 7d [125 fe]"},
    {"5.5.2 three pings", "89 81 M 'a'; 89 81 M 'b'; 89 81 M 'c'", "P1 P1 P1 ", 0,
     "8a 01 'a' 8a 01 'b' 8a 01 'c'"},
    {"5.5.2 ping and text", "89 81 M 'a'; 81 81 M 'b'", "P1 T1 ", 0, "81 01 'b' 8a 01 'a'"},
    {"5.5.3 empty pong", "8a 80 M", "O0 ", 0, ""},
    {"5.5.3 longest pong", "8a fd M [125 61]", "O125 ", 0, ""},
    {"5.5.3 pongs that nobody asked for", "8a 81 M 'a'; 8a 81 M 'a'", "O1 O1 ", 0, ""},
    {"5.5 ping of 126 octets", "89 fe 007e M", F1002(LONG_CONTROL)},
    {"5.5 pong of 126 octets", "8a fe 007e M", F1002(LONG_CONTROL)},
    {"5.5 Close of 126 octets", "88 fe 007e M", F1002(LONG_CONTROL)},
    {"5.5 ping of 64 KiB", "89 ff 0000000000010000 M", F1002(LONG_CONTROL)},
    {"5.5 fragmented ping", "09 80 M", F1002(FRAGMENTED_CONTROL)},
    {"5.5 fragmented pong", "0a 80 M", F1002(FRAGMENTED_CONTROL)},
    {"5.5 fragmented Close", "08 82 M 03e8", F1002(FRAGMENTED_CONTROL)},
    {"5.5 fragmented ping inside a message", "01 80 M; 09 80 M", F1002(FRAGMENTED_CONTROL)},

    // 5.5.1: Close
    {"5.5.1 Close without code", "88 80 M", "C1005 ", 0, "88 00"},
    {"5.5.1 Close with a reason", "88 85 M 03e8 'bye'", "C1000 ", 0, "88 02 03e8"},
    {"5.5.1 longest reason", "88 fd M 03e8 [123 61]", "C1000 ", 0, "88 02 03e8"},
    {"5.5.1 reason in UTF-8", "88 86 M 0fa0 f09f9880", "C4000 ", 0, "88 02 0fa0"},
    {"5.5.1 message before Close", "81 85 M 'Hello'; 88 82 M 03e8", "T5 C1000 ", 0,
     "81 05 'Hello' 88 02 03e8"},
    {"5.5.1 ping before Close", "89 81 M 'a'; 88 80 M", "P1 C1005 ", 0, "8a 01 'a' 88 00"},
    {"5.5.1 text behind Close", "88 82 M 03e8; 81 81 M 'a'", "C1000 ", 0, "88 02 03e8"},
    {"5.5.1 ping behind Close", "88 82 M 03e8; 89 81 M 'a'", "C1000 ", 0, "88 02 03e8"},
    {"5.5.1 Close behind Close", "88 82 M 03e8; 88 82 M 03e9", "C1000 ", 0, "88 02 03e8"},
    {"5.5.1 rubbish behind Close", "88 82 M 03e8; ff ff ff ff", "C1000 ", 0, "88 02 03e8"},
    {"5.5.1 one octet", "88 81 M 03", F1002(CLOSE_ONE_OCTET)},
    {"5.5.1 reason not UTF-8", "88 84 M 03e8 c328", "F1007 ", WSABI_FAILURE_CLOSE_REASON, ""},
    {"5.5.1 reason cut in a character", "88 85 M 03e8 'a' e282", "F1007 ", WSABI_FAILURE_CLOSE_REASON, ""},
    {"5.5.1 reason a surrogate", "88 85 M 03e8 eda080", "F1007 ", WSABI_FAILURE_CLOSE_REASON, ""},

    // 7.4: status codes
    {"7.4.1 1001", "88 82 M 03e9", "C1001 ", 0, "88 02 03e9"},
    {"7.4.1 1002", "88 82 M 03ea", "C1002 ", 0, "88 02 03ea"},
    {"7.4.1 1003", "88 82 M 03eb", "C1003 ", 0, "88 02 03eb"},
    {"7.4.1 1007", "88 82 M 03ef", "C1007 ", 0, "88 02 03ef"},
    {"7.4.1 1008", "88 82 M 03f0", "C1008 ", 0, "88 02 03f0"},
    {"7.4.1 1009", "88 82 M 03f1", "C1009 ", 0, "88 02 03f1"},
    {"7.4.1 1010", "88 82 M 03f2", "C1010 ", 0, "88 02 03f2"},
    {"7.4.1 1011", "88 82 M 03f3", "C1011 ", 0, "88 02 03f3"},
    {"IANA 1012", "88 82 M 03f4", "C1012 ", 0, "88 02 03f4"},
    {"IANA 1013", "88 82 M 03f5", "C1013 ", 0, "88 02 03f5"},
    {"IANA 1014", "88 82 M 03f6", "C1014 ", 0, "88 02 03f6"},
    {"7.4.2 3000", "88 82 M 0bb8", "C3000 ", 0, "88 02 0bb8"},
    {"7.4.2 3999", "88 82 M 0f9f", "C3999 ", 0, "88 02 0f9f"},
    {"7.4.2 4000", "88 82 M 0fa0", "C4000 ", 0, "88 02 0fa0"},
    {"7.4.2 4999", "88 82 M 1387", "C4999 ", 0, "88 02 1387"},
    {"7.4.2 0", "88 82 M 0000", F1002(CLOSE_CODE)},
    {"7.4.2 999", "88 82 M 03e7", F1002(CLOSE_CODE)},
    {"7.4.1 1004", "88 82 M 03ec", F1002(CLOSE_CODE)},
    {"7.4.1 1005", "88 82 M 03ed", F1002(CLOSE_CODE)},
    {"7.4.1 1006", "88 82 M 03ee", F1002(CLOSE_CODE)},
    {"7.4.1 1015", "88 82 M 03f7", F1002(CLOSE_CODE)},
    {"7.4.2 1016", "88 82 M 03f8", F1002(CLOSE_CODE)},
    {"7.4.2 2999", "88 82 M 0bb7", F1002(CLOSE_CODE)},
    {"7.4.2 5000", "88 82 M 1388", F1002(CLOSE_CODE)},
    {"7.4.2 65535", "88 82 M ffff", F1002(CLOSE_CODE)},

    // 8.1: text is UTF-8
    {"8.1 NUL", "81 81 M 00", "T1 ", 0, "81 01 00"},
    {"8.1 U+0080", "81 82 M c280", "T2 ", 0, "81 02 c280"},
    {"8.1 U+07FF", "81 82 M dfbf", "T2 ", 0, "81 02 dfbf"},
    {"8.1 U+0800", "81 83 M e0a080", "T3 ", 0, "81 03 e0a080"},
    {"8.1 U+D7FF", "81 83 M ed9fbf", "T3 ", 0, "81 03 ed9fbf"},
    {"8.1 U+E000", "81 83 M ee8080", "T3 ", 0, "81 03 ee8080"},
    {"8.1 U+FEFF", "81 83 M efbbbf", "T3 ", 0, "81 03 efbbbf"},
    {"8.1 U+FFFF, no character but valid", "81 83 M efbfbf", "T3 ", 0, "81 03 efbfbf"},
    {"8.1 U+10000", "81 84 M f0908080", "T4 ", 0, "81 04 f0908080"},
    {"8.1 U+10FFFF", "81 84 M f48fbfbf", "T4 ", 0, "81 04 f48fbfbf"},
    {"8.1 mixed", "81 8b M 'a' c3a9 e282ac f09f9880 'b'", "T11 ", 0, "81 0b 'a' c3a9 e282ac f09f9880 'b'"},
    {"8.1 a character over two fragments", "01 82 M e282; 80 81 M ac", "T3 ", 0, "81 03 e282ac"},
    {"8.1 a character over four fragments", "01 81 M f0; 00 81 M 9f; 00 81 M 98; 80 81 M 80", "T4 ", 0,
     "81 04 f09f9880"},
    {"8.1 ping inside a character", "01 81 M c3; 89 81 M ff; 80 81 M a9", "P1 T2 ", 0,
     "81 02 c3a9 8a 01 ff"},
    {"8.1 anything in binary", "82 84 M c3 28 ff 80", "B4 ", 0, "82 04 c328ff80"},
#define BAD_UTF8 "F1007 ", WSABI_FAILURE_BAD_UTF8, ""
    {"8.1 continuation octet first", "81 81 M 80", BAD_UTF8},
    {"8.1 last continuation octet first", "81 81 M bf", BAD_UTF8},
    {"8.1 continuation octet in ASCII", "81 83 M 'a' 80 'b'", BAD_UTF8},
    {"8.1 U+0000 in two octets", "81 82 M c080", BAD_UTF8},
    {"8.1 U+007F in two octets", "81 82 M c1bf", BAD_UTF8},
    {"8.1 U+07FF in three octets", "81 83 M e09fbf", BAD_UTF8},
    {"8.1 U+FFFF in four octets", "81 84 M f08fbfbf", BAD_UTF8},
    {"8.1 first surrogate", "81 83 M eda080", BAD_UTF8},
    {"8.1 last surrogate", "81 83 M edbfbf", BAD_UTF8},
    {"8.1 U+110000", "81 84 M f4908080", BAD_UTF8},
    {"8.1 first octet f5", "81 84 M f5808080", BAD_UTF8},
    {"8.1 five octets", "81 85 M f888808080", BAD_UTF8},
    {"8.1 six octets", "81 86 M fc8480808080", BAD_UTF8},
    {"8.1 fe", "81 81 M fe", BAD_UTF8},
    {"8.1 ff", "81 81 M ff", BAD_UTF8},
    {"8.1 cut after one octet of two", "81 81 M c2", BAD_UTF8},
    {"8.1 cut after two octets of three", "81 82 M e282", BAD_UTF8},
    {"8.1 cut after three octets of four", "81 83 M f09f98", BAD_UTF8},
    {"8.1 ASCII inside a character", "81 82 M c2 'a'", BAD_UTF8},
    {"8.1 bad octet behind 64 good ones", "81 c1 M [64 61] ff", BAD_UTF8},
    {"8.1 bad in the second fragment", "01 81 M 'a'; 80 81 M ff", BAD_UTF8},
    {"8.1 bad over two fragments", "01 81 M c3; 80 81 M 28", BAD_UTF8},
    {"8.1 cut, then an empty fragment", "01 81 M c3; 80 80 M", BAD_UTF8},
    {"8.1 cut, then a ping and an empty fragment", "01 81 M c3; 89 80 M; 80 80 M", "P0 F1007 ",
     WSABI_FAILURE_BAD_UTF8, "8a 00"},
    {"8.1 bad before the frame is whole", "81 8a M 'a' ff", BAD_UTF8},
    {"8.1 surrogate before the frame is whole", "81 8a M eda0", BAD_UTF8},
    {"8.1 bad before the message is whole", "01 82 M c328", BAD_UTF8},
    {"8.1 good message, then a bad one", "81 82 M c3a9; 81 81 M ff", "T2 F1007 ", WSABI_FAILURE_BAD_UTF8,
     "81 02 c3a9"},

    // Frames that are not complete
    {"5.2 nothing", "", "", 0, ""},
    {"5.2 one octet of header", "81", "~", 0, ""},
    {"5.2 header without key", "81 85", "~", 0, ""},
    {"5.2 half of the key", "81 85 37fa", "~", 0, ""},
    {"5.2 half of a 16-bit length", "81 fe 01", "~", 0, ""},
    {"5.2 half of a 64-bit length", "82 ff 00000000", "~", 0, ""},
    {"5.2 half of the payload", "81 85 M 'Hel'", "~", 0, ""},
    {"5.2 half of a ping", "89 85 M 'Hel'", "~", 0, ""},
    {"5.2 text, then half of a frame", "81 81 M 'a'; 81", "T1 ~", 0, "81 01 'a'"},

    // Several frames
    {"two frames at once", "81 81 M 'a'; 82 82 M 0001", "T1 B2 ", 0, "81 01 'a' 82 02 0001"},
    {"eight empty messages", "81 80 M; 82 80 M; 81 80 M; 82 80 M; 81 80 M; 82 80 M; 81 80 M; 82 80 M",
     "T0 B0 T0 B0 T0 B0 T0 B0 ", 0, "81 00 82 00 81 00 82 00 81 00 82 00 81 00 82 00"},
    {"message before a broken rule", "81 85 M 'Hello'; 83 80 M", "T5 F1002 ",
     WSABI_FAILURE_RESERVED_OPCODE, "81 05 'Hello'"},
    {"ping before a broken rule", "89 81 M 'a'; 81 00", "P1 F1002 ", WSABI_FAILURE_UNMASKED, "8a 01 'a'"},
    {"two broken rules are one failure", "83 80 M; 84 80 M", F1002(RESERVED_OPCODE)},
    {"Close behind a broken rule", "83 80 M; 88 82 M 03e8", F1002(RESERVED_OPCODE)},
};

// Limits of 10.4, with a message of 10 octets and 4 fragments.
static const row limited_rows[] = {
    {"message at the limit", "82 8a M [10 61]", "B10 ", 0, "82 0a [10 61]"},
    {"message above the limit, from its header", "82 8b M", "F1009 ", WSABI_FAILURE_MESSAGE_TOO_BIG, ""},
    {"fragments at the limit, ping between", "02 85 M [5 61]; 89 8b M [11 62]; 80 85 M [5 61]",
     "P11 B10 ", 0, "82 0a [10 61] 8a 0b [11 62]"},
    {"fragments above the limit", "02 85 M [5 61]; 80 86 M", "F1009 ", WSABI_FAILURE_MESSAGE_TOO_BIG, ""},
    {"fragments above the limit, pong between", "02 8a M [10 61]; 8a 80 M; 80 81 M", "O0 F1009 ",
     WSABI_FAILURE_MESSAGE_TOO_BIG, ""},
    {"the limit is a message's", "82 8a M [10 61]; 82 8a M [10 62]", "B10 B10 ", 0,
     "82 0a [10 61] 82 0a [10 62]"},
    {"four fragments", "02 80 M; 00 80 M; 00 80 M; 80 81 M 'a'", "B1 ", 0, "82 01 'a'"},
    {"five fragments, four of them empty", "02 80 M; 00 80 M; 00 80 M; 00 80 M; 80 81 M 'a'", "F1008 ",
     WSABI_FAILURE_TOO_MANY_FRAGMENTS, ""},
};

static const char TAIL[] = "89 84 M 'tail'";

typedef struct {
  bytes data, pongs, closes;
} sorted_output;

// Takes the output apart by kind: a pong may stand at another place between
// data when the input comes in other pieces (5.5.3), data and Close may not.
static sorted_output sort_output(const char *name, const bytes *output) {
  sorted_output sorted = {0};
  for (size_t at = 0; at < output->len;) {
    const uint8_t *frame = output->data + at;
    size_t len = frame[1], header = 2;
    if (len >= 126) {
      header = len == 126 ? 4 : 10;
      len = 0;
      for (size_t i = 2; i < header; i++) {
        len = len << 8 | frame[i];
      }
    }
    bytes *kind = frame[0] == 0x8a ? &sorted.pongs : frame[0] == 0x88 ? &sorted.closes : &sorted.data;
    append(kind, frame, header + len);
    at += header + len;
    if (at > output->len || (frame[0] == 0x88 && at != output->len)) {
      fail_case(name, "the output ends inside a frame, or goes on behind a Close");
    }
  }
  return sorted;
}

// The server's Close for a failure: its code, and a reason in UTF-8 or none.
static void check_failure_close(const char *name, sorted_output *sorted, unsigned code) {
  const bytes *close = &sorted->closes;
  if (close->len < 4 || (unsigned)(close->data[2] << 8 | close->data[3]) != code) {
    fail_case(name, "no Close with code %u", code);
  }
  clear(&sorted->closes);
}

static void check_reply(const row *r, const char *reply, const transcript *t) {
  sorted_output sorted = sort_output(r->name, &t->output);
  if (r->failure != 0) {
    check_failure_close(r->name, &sorted, (unsigned)atoi(strchr(t->events, 'F') + 1));
  }
  bytes got = {0}, want = wire(reply);
  append(&got, sorted.data.data, sorted.data.len);
  append(&got, sorted.pongs.data, sorted.pongs.len);
  append(&got, sorted.closes.data, sorted.closes.len);
  if (!equal(&got, &want)) {
    fail_case(r->name, "%zu octets of reply, not the %zu expected", got.len, want.len);
  }
  clear(&got);
  clear(&want);
  clear(&sorted.data);
  clear(&sorted.pongs);
  clear(&sorted.closes);
}

// What is the same for every connection: the state, what to do with the socket,
// and that nothing happens once it is over.
static void check_end(const row *r, wsabi_conn *conn) {
  bool failed = r->failure != 0, closed = strchr(r->events, 'C') != NULL;
  wsabi_interest interest = wsabi_conn_interest(conn);
  wsabi_interest want = failed   ? WSABI_INTEREST_READ | WSABI_INTEREST_SHUTDOWN_WRITE
                        : closed ? WSABI_INTEREST_CLOSE
                                 : WSABI_INTEREST_READ;
  if (interest != want) {
    fail_case(r->name, "interest %u, not %u", interest, want);
  }
  assert_int_equal(wsabi_conn_failure(conn), r->failure);
  assert_int_equal(wsabi_conn_state(conn), failed || closed ? WSABI_STATE_CLOSING : WSABI_STATE_OPEN);
  unsigned code = closed ? (unsigned)atoi(strchr(r->events, 'C') + 1) : 1006;

  transcript rest = {0};
  if (failed || closed) {
    bytes more = wire("81 81 M 'x'; 83 80 M; 88 80 M");
    feed(conn, &more, (feeding){.cap = 4}, &rest);
    clear(&more);
    assert_int_equal(wsabi_conn_send_text(conn, "x", 1), WSABI_ERR_STATE);
    assert_string_equal(rest.events, "");
  }
  feed_eof(conn, &rest);
  char eof[16];
  snprintf(eof, sizeof eof, "X%u ", code);
  assert_string_equal(rest.events, eof);
  assert_int_equal(wsabi_conn_close_code(conn), code);
  take_output(conn, &rest.output);
  assert_int_equal(rest.output.len, 0);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_CLOSED);
  clear_transcript(&rest);
}

static void run_row(const row *r, const wsabi_config *config, bool with_tail) {
  bool partial = strchr(r->events, '~') != NULL;
  bool over = r->failure != 0 || strchr(r->events, 'C') != NULL;
  if (partial && with_tail) {
    return;  // the tail would be payload
  }
  bytes input = wire(r->wire), tail = wire(with_tail ? TAIL : "");
  append(&input, tail.data, tail.len);
  bool tail_counts = with_tail && !over;
  char events[256], reply[1024];
  snprintf(events, sizeof events, "%.*s%s", (int)strcspn(r->events, "~"), r->events,
           tail_counts ? "P4 " : "");
  snprintf(reply, sizeof reply, "%s%s", r->reply, tail_counts ? "; 8a 04 'tail'" : "");

  bytes payloads = {0};
  for (feeding how = {0}; next_feeding(input.len, &how);) {
    if (how.piece == 1 && input.len > scaled(100000)) {
      continue;  // too slow under valgrind
    }
    transcript t = {0};
    wsabi_conn *conn = open_conn(config);
    feed(conn, &input, how, &t);
    take_output(conn, &t.output);
    if (strcmp(t.events, events) != 0) {
      fail_case(r->name, "events \"%s\", not \"%s\" (cut %zu, piece %zu, cap %zu%s)", t.events, events,
                how.cut, how.piece, how.cap, with_tail ? ", tail" : "");
    }
    if (payloads.data == NULL) {
      append(&payloads, t.payloads.data, t.payloads.len);
    }
    if (!equal(&payloads, &t.payloads)) {
      fail_case(r->name, "payloads depend on the pieces (cut %zu, piece %zu)", how.cut, how.piece);
    }
    check_reply(r, reply, &t);
    check_end(r, conn);
    wsabi_conn_free(conn);
    clear_transcript(&t);
  }
  clear(&payloads);
  clear(&tail);
  clear(&input);
}

static void frames(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    run_row(&rows[i], NULL, false);
    run_row(&rows[i], NULL, true);
  }
}

static void limits(void **state) {
  (void)state;
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_MAX_MESSAGE_SIZE, 10));
  check(wsabi_config_set(config, WSABI_OPTION_MAX_FRAGMENTS, 4));
  for (size_t i = 0; i < sizeof limited_rows / sizeof *limited_rows; i++) {
    run_row(&limited_rows[i], config, false);
    run_row(&limited_rows[i], config, true);
  }
  wsabi_config_free(config);
}

static void frame_limit(void **state) {
  (void)state;
  static const row above = {"frame above the limit, from its header", "82 fe 012d M", "F1009 ",
                            WSABI_FAILURE_FRAME_TOO_BIG, ""};
  static const row at = {"fragments at the limit of a frame", "02 fe 012c M [300 61]; 80 fe 012c M [300 62]",
                         "B600 ", 0, "82 7e 0258 [300 61] [300 62]"};
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_MAX_FRAME_SIZE, 300));
  run_row(&above, config, true);
  run_row(&at, config, true);
  wsabi_config_free(config);
}

// 7.4: all 65,536 codes, each as it arrives and as the application sends it.
static void every_close_code(void **state) {
  (void)state;
  size_t step = 65536 / scaled(65536);
  for (size_t code = 0; code < 65536; code += step) {
    bool valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                 (code >= 3000 && code <= 4999);
    wsabi_conn *conn = open_conn(NULL);
    bytes input = {0};
    append_frame(&input, 0x88, (uint8_t[]){(uint8_t)(code >> 8), (uint8_t)code}, 2);
    transcript t = {0};
    feed(conn, &input, (feeding){.cap = 1}, &t);
    char want[16];
    snprintf(want, sizeof want, valid ? "C%zu " : "F1002 ", code);
    assert_string_equal(t.events, want);
    wsabi_conn_free(conn);
    clear_transcript(&t);
    clear(&input);

    conn = open_conn(NULL);
    bool sent = wsabi_conn_close(conn, (uint16_t)code, NULL, 0) == WSABI_OK;
    assert_int_equal(sent, valid || code == 0);
    wsabi_conn_free(conn);
  }
}

// 7.1.2, 7.1.5: the application starts the closing handshake; messages that the
// peer still sends are listed, and the peer's Close ends it.
static void closing_handshake_of_the_server(void **state) {
  (void)state;
  bytes input = wire("81 85 M 'Hello'; 89 81 M 'a'; 88 82 M 03e9");
  for (feeding how = {0}; next_feeding(input.len, &how);) {
    wsabi_conn *conn = open_conn(NULL);
    check(wsabi_conn_send_text(conn, "last", 4));
    check(wsabi_conn_close(conn, 1000, "bye", 3));
    assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_CLOSING);
    bytes sent = {0}, want = wire("81 04 'last' 88 05 03e8 'bye'");
    take_output(conn, &sent);
    assert_true(equal(&sent, &want));
    assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_READ);

    // feed() would answer, which is not allowed any more: look at the events.
    char events[64] = "";
    for (size_t at = 0; at < input.len;) {
      size_t end = at < how.cut ? how.cut : input.len, used, count;
      end = how.piece > 0 ? at + 1 : end;
      wsabi_event list[64];
      bytes piece = {0};
      append(&piece, input.data + at, end - at);
      check(wsabi_conn_recv(conn, piece.data, piece.len, &used, list, how.cap, &count));
      for (size_t i = 0; i < count; i++) {
        snprintf(events + strlen(events), sizeof events - strlen(events), "%d ", list[i].type);
      }
      at += used;
      clear(&piece);
    }
    char expected[64];
    snprintf(expected, sizeof expected, "%d %d %d ", WSABI_EVENT_TEXT, WSABI_EVENT_PING, WSABI_EVENT_CLOSE);
    assert_string_equal(events, expected);
    assert_int_equal(wsabi_conn_close_code(conn), 1001);
    clear(&sent);
    take_output(conn, &sent);
    assert_int_equal(sent.len, 0);  // 5.5.1: nothing behind our Close, not even a pong
    assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
    wsabi_conn_free(conn);
    clear(&sent);
    clear(&want);
  }
  clear(&input);
}

// The application's answers to the messages of one read go out before the
// library's Close, whatever ends the list.
static void answers_go_out_before_the_close(void **state) {
  (void)state;
  static const char *const ENDS[] = {"88 82 M 03e8", "83 80 M"};
  for (size_t i = 0; i < 2; i++) {
    wsabi_conn *conn = open_conn(NULL);
    bytes input = wire("81 81 M 'a'; 81 81 M 'b';"), end = wire(ENDS[i]), sent = {0};
    append(&input, end.data, end.len);
    wsabi_event events[8];
    size_t used, count;
    check(wsabi_conn_recv(conn, input.data, input.len, &used, events, 8, &count));
    assert_int_equal(count, 3);
    for (size_t e = 0; e < 2; e++) {
      check(wsabi_conn_send_text(conn, events[e].data, events[e].len));
    }
    take_output(conn, &sent);
    static const uint8_t BOTH[] = {0x81, 1, 'a', 0x81, 1, 'b', 0x88};
    assert_true(sent.len > sizeof BOTH);
    assert_memory_equal(sent.data, BOTH, sizeof BOTH);
    wsabi_conn_free(conn);
    clear(&input);
    clear(&end);
    clear(&sent);
  }
}

// After the peer's Close the application may choose the code of the answer.
static void the_application_answers_a_close(void **state) {
  (void)state;
  wsabi_conn *conn = open_conn(NULL);
  bytes input = wire("88 82 M 03e8"), sent = {0}, want = wire("81 03 'bye' 88 02 0fa1");
  wsabi_event event;
  size_t used, count;
  check(wsabi_conn_recv(conn, input.data, input.len, &used, &event, 1, &count));
  assert_int_equal(event.type, WSABI_EVENT_CLOSE);
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_OPEN);
  check(wsabi_conn_send_text(conn, "bye", 3));
  check(wsabi_conn_close(conn, 4001, NULL, 0));
  assert_int_equal(wsabi_conn_send_text(conn, "late", 4), WSABI_ERR_STATE);
  take_output(conn, &sent);
  assert_true(equal(&sent, &want));
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
  wsabi_conn_free(conn);
  clear(&input);
  clear(&sent);
  clear(&want);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames),
      cmocka_unit_test(limits),
      cmocka_unit_test(frame_limit),
      cmocka_unit_test(every_close_code),
      cmocka_unit_test(closing_handshake_of_the_server),
      cmocka_unit_test(answers_go_out_before_the_close),
      cmocka_unit_test(the_application_answers_a_close),
  };
  return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
