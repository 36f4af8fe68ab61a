// wsabi from C#: mcs echo.cs && mono echo.exe LIBRARY DECLARATIONS
using System;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

// Owns a wsabi_conn. Calls keep it alive while they run.
sealed class Connection : SafeHandle {
    Connection() : base(IntPtr.Zero, true) {}

    public override bool IsInvalid { get { return handle == IntPtr.Zero; } }

    protected override bool ReleaseHandle() {
        Wsabi.wsabi_conn_free(handle);
        return true;
    }
}

// By its bare name the library is looked for in LD_LIBRARY_PATH. The layouts are frozen.
static class Wsabi {
    [StructLayout(LayoutKind.Sequential)]
    internal struct Event { public int Type; public ushort Flags, Code; public IntPtr Data; public UIntPtr Length; }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Run { public IntPtr Base; public UIntPtr Length; }

    [DllImport("wsabi")]
    internal static extern uint wsabi_abi_version();

    [DllImport("wsabi")]
    internal static extern IntPtr wsabi_status_text(int status);

    [DllImport("wsabi")]
    internal static extern int wsabi_conn_new_server(IntPtr config, out Connection conn);

    [DllImport("wsabi")]
    internal static extern void wsabi_conn_free(IntPtr conn);

    [DllImport("wsabi")]
    internal static extern int wsabi_conn_recv(
        Connection conn, IntPtr data, UIntPtr length, out UIntPtr used, [Out] Event[] events, UIntPtr capacity,
        out UIntPtr count);

    [DllImport("wsabi")]
    internal static extern int wsabi_conn_accept(Connection conn, IntPtr subprotocol, UIntPtr length, IntPtr response);

    [DllImport("wsabi")]
    internal static extern int wsabi_conn_send_text(Connection conn, IntPtr data, UIntPtr length);

    [DllImport("wsabi")]
    internal static extern int wsabi_conn_output(Connection conn, [Out] Run[] runs, UIntPtr capacity, out UIntPtr count);

    [DllImport("wsabi")]
    internal static extern int wsabi_conn_output_consumed(Connection conn, UIntPtr length);
}

static class Echo {
    static Connection conn;
    static int ok, request, text;

    static void Check(int status) {
        Expect(status == ok, Marshal.PtrToStringAnsi(Wsabi.wsabi_status_text(status)));
    }

    static void Expect(bool condition, string what) {
        if (!condition) throw new Exception(what);
    }

    // Accepts every request, sends every text back. The buffer is out of the collector's
    // reach, since events point into it.
    static void Receive(string octets) {
        var input = Marshal.AllocHGlobal(octets.Length);
        Marshal.Copy(octets.Select(c => (byte)c).ToArray(), 0, input, octets.Length);
        for (var at = 0; at < octets.Length;) {
            var events = new Wsabi.Event[16];
            UIntPtr used, count;
            Check(Wsabi.wsabi_conn_recv(
                conn, input + at, (UIntPtr)(octets.Length - at), out used, events, (UIntPtr)events.Length, out count));
            foreach (var e in events.Take((int)count)) {
                if (e.Type == request) {
                    Check(Wsabi.wsabi_conn_accept(conn, IntPtr.Zero, UIntPtr.Zero, IntPtr.Zero));
                } else if (e.Type == text) {
                    Check(Wsabi.wsabi_conn_send_text(conn, e.Data, e.Length));
                }
            }
            at += (int)used;
        }
        Marshal.FreeHGlobal(input);
    }

    static string Output() {
        var runs = new Wsabi.Run[16];
        UIntPtr count;
        Check(Wsabi.wsabi_conn_output(conn, runs, (UIntPtr)runs.Length, out count));
        var octets = new StringBuilder();
        foreach (var run in runs.Take((int)count)) {
            var copy = new byte[(int)run.Length];
            Marshal.Copy(run.Base, copy, 0, copy.Length);
            foreach (var octet in copy) octets.Append((char)octet);
        }
        Check(Wsabi.wsabi_conn_output_consumed(conn, (UIntPtr)octets.Length));
        return octets.ToString();
    }

    static void Main(string[] arguments) {
        var constants = Regex.Matches(File.ReadAllText(arguments[1]), @"^  (\w+) = (-?\d+),$", RegexOptions.Multiline)
            .Cast<Match>().ToDictionary(match => match.Groups[1].Value, match => int.Parse(match.Groups[2].Value));
        ok = constants["WSABI_OK"];
        request = constants["WSABI_EVENT_REQUEST"];
        text = constants["WSABI_EVENT_TEXT"];

        Expect(Wsabi.wsabi_abi_version() == constants["WSABI_ABI_VERSION"], "ABI");
        Check(Wsabi.wsabi_conn_new_server(IntPtr.Zero, out conn));
        using (conn) {
            // RFC 6455 1.3 and 5.7.
            Receive("GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
            Expect(Output() == "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", "response");
            Receive("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
            Expect(Output() == "\x81\x05" + "Hello", "message");
        }
    }
}
