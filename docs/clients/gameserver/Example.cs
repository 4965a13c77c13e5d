// Runs a server, lets one player in and waits until he is refused: URL LOGIN-TOKEN TICKET STEAMID.
using System;
using System.Collections.Generic;

public static class Example {
  public static void Main(string[] args) {
    string url = args[0], token = args[1], ticket = args[2], steamId = args[3];
    var server = new GameServerClient(url);
    server.Init(480, "1.0.0.0", 27015, 27016);
    var state = server.LogOn(token);
    Console.WriteLine("logged on " + ((bool)state["loggedOn"] ? "true" : "false"));
    server.Set(new Dictionary<string, object> {
      { "name", "From C#" }, { "map", "dust" }, { "maxPlayers", 8 }, { "tags", new[] { "cs" } }, { "advertise", true },
    });
    server.SetRules(new Dictionary<string, object> { { "language", "C#" } });
    var begun = server.BeginSession(ticket, steamId);
    var verdict = (Dictionary<string, object>)begun["verdict"];
    Console.WriteLine("begin " + begun["beginResult"] + " verdict " + verdict["response"]);
    server.ShowPlayer(steamId, "Ann", 3);
    for (var refused = false; !refused; ) {
      foreach (Dictionary<string, object> signal in server.Signals(10)) {
        if ((string)signal["signal"] != "validate_auth_ticket_response") continue;
        var response = (double)((Dictionary<string, object>)signal["data"])["response"];
        if (response == 0) continue;
        Console.WriteLine("signal " + response);
        refused = true;
      }
    }
    server.EndSession(steamId);
    server.LogOff();
    server.ShutDown();
    Console.WriteLine("done");
  }
}
