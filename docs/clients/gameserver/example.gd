# Runs a server, lets one player in and waits until he is refused:
# godot3-server --path . -s example.gd HOST PORT LOGIN-TOKEN TICKET STEAMID
extends SceneTree

const GameServerClient = preload("res://game_server_client.gd")

func _init():
	var args = OS.get_cmdline_args()
	args = Array(args).slice(args.size() - 5, args.size() - 1)
	var steam_id = args[4]
	var server = GameServerClient.new(args[0], int(args[1]))
	if not server.init_server(480, "1.0.0.0", 27015, 27016):
		return _fail(server.error)
	print("logged on ", str(server.log_on(args[2]).loggedOn).to_lower())
	server.set_state({"name": "From Godot", "map": "dust", "maxPlayers": 8, "tags": ["gd"], "advertise": true})
	server.set_rules({"language": "GDScript"})
	var begun = server.begin_session(args[3], steam_id)
	if server.error != "":
		return _fail(server.error)
	print("begin ", int(begun.beginResult), " verdict ", int(begun.verdict.response))
	server.show_player(steam_id, "Ann", 3)
	var refused = false
	while not refused:
		for one in server.signals(10):
			if one.signal == "validate_auth_ticket_response" and int(one.data.response) != 0:
				print("signal ", int(one.data.response))
				refused = true
		if server.error != "":
			return _fail(server.error)
	server.end_session(steam_id)
	server.log_off()
	server.shut_down()
	print("done")
	quit()

func _fail(text):
	printerr(text)
	quit(1)
