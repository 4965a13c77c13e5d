// A game server on beaconry for C# 6 or newer: .NET, Mono, Unity. Nothing but .NET's own is needed.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net;
using System.Text;

// HttpWebRequest is the one client that old Mono and new .NET share.
#pragma warning disable SYSLIB0014

public sealed class GameServerException : Exception {
  public readonly string Code;
  public GameServerException(string code, string message) : base(code + ": " + message) { Code = code; }
}

/// JSON values are Dictionary<string, object>, List<object>, string, double, bool or null.
/// Calls block until they are answered: use a thread or a task in a game.
public sealed class GameServerClient {
  readonly string url;
  string handle;
  long seq;

  public GameServerClient(string url) { this.url = url.TrimEnd('/'); }

  public void Init(int appId, string version, int gamePort, int queryPort, int mode = 3) {
    var made = Send("POST", "/v1/gameservers", new Dictionary<string, object> {
      { "appId", appId }, { "version", version }, { "gamePort", gamePort }, { "queryPort", queryPort }, { "mode", mode },
    });
    handle = (string)made["handle"];
  }

  /// Without a token the server is anonymous.
  public Dictionary<string, object> LogOn(string token = null) {
    var body = new Dictionary<string, object>();
    if (token != null) body["token"] = token;
    return Self("POST", "/logon", body);
  }

  /// name, map, maxPlayers, tags, advertise ...: all or nothing.
  public Dictionary<string, object> Set(Dictionary<string, object> state) { return Self("PATCH", "", state); }
  public Dictionary<string, object> SetRules(Dictionary<string, object> rules) { return Self("PUT", "/rules", rules); }

  /// A player is whom he says only once the verdict's response is 0.
  public Dictionary<string, object> BeginSession(string ticket, string steamId, int wait = 5) {
    return Self("POST", "/sessions", new Dictionary<string, object> {
      { "ticket", ticket }, { "steamId", steamId }, { "wait", wait },
    });
  }

  public void ShowPlayer(string steamId, string name, int score) {
    Self("PATCH", "/sessions/" + steamId, new Dictionary<string, object> { { "name", name }, { "score", score } });
  }
  public void EndSession(string steamId) { Self("DELETE", "/sessions/" + steamId, null); }
  public void LogOff() { Self("POST", "/logoff", new Dictionary<string, object>()); }
  public void ShutDown() { Self("DELETE", "", null); }

  /// Signals since the last time, each with `signal` and `data`; waits up to so many seconds for one.
  public List<object> Signals(int wait) {
    var answer = Self("GET", "/signals?after=" + seq + "&wait=" + wait, null);
    seq = (long)(double)answer["next"];
    return (List<object>)answer["items"];
  }

  Dictionary<string, object> Self(string method, string path, object body) {
    return Send(method, "/v1/gameservers/self" + path, body);
  }

  Dictionary<string, object> Send(string method, string path, object body) {
    var request = (HttpWebRequest)WebRequest.Create(url + path);
    request.Method = method;
    request.Timeout = request.ReadWriteTimeout = 90000;
    if (handle != null) request.Headers["Authorization"] = "Bearer " + handle;
    if (body != null) {
      var bytes = Encoding.UTF8.GetBytes(Json.Write(body));
      request.ContentType = "application/json";
      using (var stream = request.GetRequestStream()) stream.Write(bytes, 0, bytes.Length);
    }
    try {
      using (var response = request.GetResponse()) return Read(response);
    } catch (WebException failure) {
      if (failure.Response == null) throw;
      using (failure.Response) {
        var error = (Dictionary<string, object>)Read(failure.Response)["error"];
        throw new GameServerException((string)error["code"], (string)error["message"]);
      }
    }
  }

  static Dictionary<string, object> Read(WebResponse response) {
    using (var reader = new StreamReader(response.GetResponseStream(), Encoding.UTF8)) {
      var text = reader.ReadToEnd();
      return text == "" ? new Dictionary<string, object>() : (Dictionary<string, object>)Json.Read(text);
    }
  }

  static class Json {
    public static string Write(object value) {
      var text = value as string;
      if (text != null) return Quote(text);
      var map = value as Dictionary<string, object>;
      if (map != null) {
        var parts = new List<string>();
        foreach (var pair in map) parts.Add(Quote(pair.Key) + ":" + Write(pair.Value));
        return "{" + string.Join(",", parts) + "}";
      }
      var list = value as System.Collections.IEnumerable;
      if (list != null) {
        var parts = new List<string>();
        foreach (var item in list) parts.Add(Write(item));
        return "[" + string.Join(",", parts) + "]";
      }
      if (value == null) return "null";
      if (value is bool) return (bool)value ? "true" : "false";
      return Convert.ToString(value, CultureInfo.InvariantCulture);
    }

    static string Quote(string text) {
      var quoted = new StringBuilder("\"");
      foreach (var c in text) {
        if (c == '"' || c == '\\') quoted.Append('\\').Append(c);
        else if (c < ' ') quoted.AppendFormat("\\u{0:x4}", (int)c);
        else quoted.Append(c);
      }
      return quoted.Append('"').ToString();
    }

    public static object Read(string text) { var at = 0; return Value(text, ref at); }

    static object Value(string s, ref int i) {
      Skip(s, ref i);
      switch (s[i]) {
        case '{': {
          var map = new Dictionary<string, object>();
          for (i++; ; i++) {
            Skip(s, ref i);
            if (s[i] == '}') { i++; return map; }
            var key = Text(s, ref i);
            Skip(s, ref i);
            i++;
            map[key] = Value(s, ref i);
            Skip(s, ref i);
            if (s[i] == '}') { i++; return map; }
          }
        }
        case '[': {
          var list = new List<object>();
          for (i++; ; i++) {
            Skip(s, ref i);
            if (s[i] == ']') { i++; return list; }
            list.Add(Value(s, ref i));
            Skip(s, ref i);
            if (s[i] == ']') { i++; return list; }
          }
        }
        case '"': return Text(s, ref i);
        case 't': i += 4; return true;
        case 'f': i += 5; return false;
        case 'n': i += 4; return null;
        default: {
          var from = i;
          while (i < s.Length && "+-.eE0123456789".IndexOf(s[i]) >= 0) i++;
          return double.Parse(s.Substring(from, i - from), CultureInfo.InvariantCulture);
        }
      }
    }

    static string Text(string s, ref int i) {
      var text = new StringBuilder();
      for (i++; s[i] != '"'; i++) {
        if (s[i] != '\\') { text.Append(s[i]); continue; }
        i++;
        if (s[i] == 'u') { text.Append((char)Convert.ToInt32(s.Substring(i + 1, 4), 16)); i += 4; }
        else { var k = "bfnrt".IndexOf(s[i]); text.Append(k < 0 ? s[i] : "\b\f\n\r\t"[k]); }
      }
      i++;
      return text.ToString();
    }

    static void Skip(string s, ref int i) { while (i < s.Length && char.IsWhiteSpace(s[i])) i++; }
  }
}
