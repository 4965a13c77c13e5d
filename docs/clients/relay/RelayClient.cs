using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Text;

/// <summary>A peer of the relay for C# 6 or newer (.NET, Mono, Unity), without dependencies. One thread reads, any may send.</summary>
public sealed class RelayClient : IDisposable
{
    readonly TcpClient tcp;
    readonly NetworkStream stream;
    readonly object sending = new object();
    public string Id { get; }

    /// <summary>Connects; chosenId may be null. Throws IOException with the relay's words when it refuses.</summary>
    public RelayClient(string host, int port, string chosenId = null)
    {
        tcp = new TcpClient(host, port) { NoDelay = true };
        stream = tcp.GetStream();
        Write("INIT", chosenId, null, null);
        var answer = Read();
        if (answer["payloadType"] != "INIT") throw new IOException(answer["payload"]);
        Id = answer["destination"];
    }

    public void Send(string destination, string payload) { Write("MESSAGE", Id, destination, payload); }
    public void SendError(string destination, string payload) { Write("ERROR", Id, destination, payload); }
    /// <summary>Waits for the next frame: payloadType, source (missing in an ERROR of the relay), destination, payload.</summary>
    public Dictionary<string, string> Read()
    {
        var header = Fill(new byte[4]);
        var body = Fill(new byte[header[0] << 24 | header[1] << 16 | header[2] << 8 | header[3]]);
        var json = Encoding.UTF8.GetString(body);
        var members = new Dictionary<string, string>();
        string name = null;
        for (var i = 0; i < json.Length; i++)
        {
            if (json[i] != '"') continue;
            var text = new StringBuilder();
            for (i++; json[i] != '"'; i++)
            {
                if (json[i] != '\\') { text.Append(json[i]); continue; }
                var at = "bfnrt".IndexOf(json[++i]);
                if (json[i] == 'u') { text.Append((char)Convert.ToInt32(json.Substring(i + 1, 4), 16)); i += 4; }
                else text.Append(at < 0 ? json[i] : "\b\f\n\r\t"[at]);
            }
            if (name == null) name = text.ToString(); else { members[name] = text.ToString(); name = null; }
        }
        return members;
    }

    public void Dispose() { try { Write("CLOSE", null, null, null); } finally { tcp.Close(); } }
    byte[] Fill(byte[] bytes)
    {
        for (int at = 0, got; at < bytes.Length; at += got)
            if ((got = stream.Read(bytes, at, bytes.Length - at)) == 0) throw new EndOfStreamException();
        return bytes;
    }

    void Write(string type, string source, string destination, string payload)
    {
        var json = "{\"payloadType\":\"" + type + "\"" + Member("source", source) + Member("destination", destination) + Member("payload", payload) + "}";
        var body = Encoding.UTF8.GetBytes(json);
        var frame = new byte[4 + body.Length];
        for (var i = 0; i < 4; i++) frame[i] = (byte)(body.Length >> (24 - 8 * i));
        body.CopyTo(frame, 4);
        lock (sending) stream.Write(frame, 0, frame.Length);
    }

    static string Member(string name, string value)
    {
        if (value == null) return "";
        var json = new StringBuilder(",\"" + name + "\":\"");
        foreach (var c in value)
            if (c == '"' || c == '\\') json.Append('\\').Append(c);
            else if (c < 0x20 || char.IsSurrogate(c)) json.Append("\\u" + ((int)c).ToString("x4"));
            else json.Append(c);
        return json.Append('"').ToString();
    }
}
