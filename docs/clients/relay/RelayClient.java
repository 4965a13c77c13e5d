import java.io.*;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.*;

/** A peer of the relay for Java 11 or newer, without dependencies. One thread reads, any thread may send. */
public final class RelayClient implements AutoCloseable {
  private final Socket socket;
  private final DataInputStream in;
  private final DataOutputStream out;
  public final String id;

  /** Connects; chosenId may be null. Throws IOException with the relay's words when it refuses. */
  public RelayClient(String host, int port, String chosenId) throws IOException {
    socket = new Socket(host, port);
    socket.setTcpNoDelay(true);
    in = new DataInputStream(socket.getInputStream());
    out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
    write("INIT", chosenId, null, null);
    Map<String, String> answer = read();
    if (!"INIT".equals(answer.get("payloadType"))) throw new IOException(answer.get("payload"));
    id = answer.get("destination");
  }

  public void send(String destination, String payload) throws IOException { write("MESSAGE", id, destination, payload); }
  public void sendError(String destination, String payload) throws IOException { write("ERROR", id, destination, payload); }

  /** Waits for the next frame: payloadType, source (missing in an ERROR of the relay), destination, payload. */
  public Map<String, String> read() throws IOException {
    byte[] body = new byte[in.readInt()];
    in.readFully(body);
    return parse(new String(body, StandardCharsets.UTF_8));
  }

  @Override public void close() throws IOException {
    try { write("CLOSE", null, null, null); } finally { socket.close(); }
  }
  private synchronized void write(String type, String source, String destination, String payload) throws IOException {
    StringBuilder json = new StringBuilder("{\"payloadType\":\"" + type + "\"");
    if (source != null) json.append(",\"source\":").append(quote(source));
    if (destination != null) json.append(",\"destination\":").append(quote(destination));
    if (payload != null) json.append(",\"payload\":").append(quote(payload));
    byte[] body = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
    out.writeInt(body.length);
    out.write(body);
    out.flush();
  }

  private static String quote(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') json.append('\\').append(c);
      else if (c < 0x20 || Character.isSurrogate(c)) json.append(String.format("\\u%04x", (int) c));
      else json.append(c);
    }
    return json.append('"').toString();
  }

  /** Reads one object whose members are strings, which is all that the relay sends. */
  private static Map<String, String> parse(String json) {
    Map<String, String> members = new LinkedHashMap<>();
    String name = null;
    for (int i = 0; i < json.length(); i++) {
      if (json.charAt(i) != '"') continue;
      StringBuilder text = new StringBuilder();
      for (i++; json.charAt(i) != '"'; i++) {
        char c = json.charAt(i);
        if (c == '\\') {
          c = unescape(json.charAt(++i));
          if (c == 'u') { c = (char) Integer.parseInt(json.substring(i + 1, i + 5), 16); i += 4; }
        }
        text.append(c);
      }
      if (name == null) name = text.toString();
      else { members.put(name, text.toString()); name = null; }
    }
    return members;
  }
  private static char unescape(char c) { int at = "bfnrt".indexOf(c); return at < 0 ? c : "\b\f\n\r\t".charAt(at); }
}
