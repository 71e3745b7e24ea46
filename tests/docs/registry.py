"""Which test runs which of the documents' commands for real. A new command wants a line here.

A pattern has to match the whole command. Names that stand for something (NODE, MANAGER) and addresses of examples are
the test's own when it runs: a lab has other ones.
"""

from __future__ import annotations

SWARM = "tests/swarm/test_docs_commands.py"
DESK = "tests/docs/test_desk_commands.py"
HOST = "tests/docs/test_host_commands.py"
DEPLOY = "tests/swarm/test_deploy.py::test_the_vip_is_up_and_every_manager_healthy_eight_seconds_after_the_deploy"
STACK = r"docker stack deploy -c docker-compose\.yml"
OPTIONS = r"(--(name|subnet) \S+ )*"

REGISTRY = {
    # the repository's own commands
    r"make (demo|demo-down)": f"{SWARM}::test_make_demo_keeps_its_promise",
    r"make check": ".github/workflows/ci.yml",
    r"make test": ".ci/run",
    r"(LAB_ENGINE=trixie |LAB_SOCKET_PROXY=1 |make -n )(make )?test|make (format|clean|bench|test-newer-engine)": (
        f"{DESK}::test_every_make_target_expands"
    ),
    r"make bench TRIALS=20": f"{DESK}::test_every_make_target_expands",
    r"bash \.ci/run": ".github/workflows/ci.yml",
    r"make campaign .*ARGS=--show": f"{DESK}::test_a_campaign_shows_what_it_would_do",
    r"make campaign (?!.*--show).*": f"{DESK}::test_a_campaign_shows_what_it_would_do",
    r"\.venv/bin/python -m tests\.bench .*": f"{DESK}::test_a_benchmark_says_what_it_would_do",
    r"python -m tests\.bench\.buoy_load": f"{DESK}::test_a_program_explains_itself",
    r"python3 -m tests\.lab --help": f"{DESK}::test_a_program_explains_itself",
    r"python -m tests\.docs\.configuration --write": (
        "tests/unit/test_docs_configuration.py::test_the_page_is_the_one_that_the_models_make"
    ),
    r"(\.venv/bin/)?python -m tests\.fuzz .*": "tests/fuzz/test_fuzz.py::test_no_input_breaks_a_reader",
    r"FUZZ_SECONDS=60 .*": "tests/fuzz/test_fuzz.py::test_no_input_breaks_a_reader",
    r"\.venv/bin/pytest .*": f"{DESK}::test_a_choice_of_tests_is_not_empty",
    rf"python3 -m tests\.lab {OPTIONS}(up|down|build)": f"{SWARM}::test_make_demo_keeps_its_promise",
    r"python3 -m tests\.lab (deploy|status|ping|exec|client)( .*)?": f"{SWARM}::test_the_labs_command_line",
    r"python3 -m tests\.lab power-off h1|python3 -m tests\.lab boot h1": (
        "tests/swarm/test_power.py::test_a_power_cut_moves_the_vip_and_the_returning_node_does_not_take_it_back"
    ),
    r"\.ci/version --tag v1\.2\.3": "tests/unit/test_changelog.py::test_a_version_with_its_section_is_released",
    r"git (clone|tag|push) .*|cd docker-keepalived-swarm": f"{DESK}::test_the_commands_of_a_release",
    r"docker-compose -f docker-compose\.ci\.yml (build|push)": (
        "tests/swarm/test_publish.py::test_what_was_pushed_as_the_version_and_as_latest_can_be_pulled_and_run"
    ),
    # deploying
    r"set -a; \. \./\.env; set \+a": f"{DESK}::test_the_env_file_is_exported_and_the_shell_wins",
    r"export .*|unset .*": f"{DESK}::test_the_env_file_is_exported_and_the_shell_wins",
    rf"{STACK} keepalived --prune": DEPLOY,
    r"make deploy KEEPALIVED_VIRTUAL_IPS=\S+": f"{SWARM}::test_make_deploy_deploys",
    rf"{STACK} -c docs/examples/checks\.yml keepalived --prune": (
        "tests/swarm/test_checks.py::test_the_examples_checks_move_the_vip_and_its_notify_script_is_told"
    ),
    rf"{STACK} -c docs/examples/password\.yml keepalived --prune": (
        "tests/swarm/test_own_files.py::test_a_password_from_a_secret_is_on_the_wire_and_nowhere_else"
    ),
    r"printf %s 's3cret' \| docker secret create keepalived-password -": f"{SWARM}::test_a_secret_is_made_and_removed",
    rf"{STACK} -c docs/examples/node-by-node\.yml keepalived|docker node update --label-add vip\.moved=yes NODE": (
        "tests/swarm/test_migration.py::test_single_containers_give_way_to_the_stack_node_by_node"
    ),
    rf"KEEPALIVED_VRRP_VERSION=2 KEEPALIVED_UNICAST_PEERS=multicast {STACK} keepalived --prune": (
        "tests/swarm/test_migration.py::test_a_deploy_over_the_bash_stack_moves_node_by_node_and_only_one_host_ever_serves"
    ),
    rf"VERSION=1\.2\.3 {STACK} keepalived --prune": (
        "tests/swarm/test_rolling.py::"
        "test_anchors_of_a_later_release_and_floats_of_an_earlier_one_replace_the_others_with_two_moves_at_most"
    ),
    rf"{STACK} keepalived2": f"{SWARM}::test_a_second_stack_serves_beside_the_first",
    r"docker service rollback keepalived_keepalived-anchor": (
        f"{SWARM}::test_a_rollback_by_hand_brings_the_settings_back"
    ),
    r"docker service update --force keepalived_keepalived-anchor": (
        "tests/swarm/test_operations.py::"
        "test_a_forced_update_of_the_anchors_moves_no_vip_costs_no_packet_and_reloads_no_keepalived"
    ),
    r"docker service update --label-(add|rm) keepalived\.vip(=\S+)? web": (
        "tests/swarm/test_service_vips.py::"
        "test_a_label_brings_a_virtual_ip_and_takes_it_away_and_the_stacks_own_loses_no_advert"
    ),
    # looking
    r"curl http://\S+:8082/(health|vrrp|cluster)": f"{SWARM}::test_what_there_is_to_look_at_answers",
    r"curl -N .*/events": "tests/unit/test_buoy_streams.py::test_a_transition_comes_at_once",
    r"docker exec (keepalived-float|CONTAINER) status": f"{SWARM}::test_what_there_is_to_look_at_answers",
    r"docker service (ps|logs|inspect) keepalived_keepalived-\w+( --format .*)?": (
        f"{SWARM}::test_what_there_is_to_look_at_answers"
    ),
    r"docker logs (keepalived-float|\$\(docker ps -q .*\))|docker ps (-a )?--filter \S+": (
        f"{SWARM}::test_what_there_is_to_look_at_answers"
    ),
    r"docker run --rm --net=host .* doctor": (
        "tests/swarm/test_doctor.py::test_a_host_is_examined_before_anything_runs_on_it"
    ),
    r"docker exec keepalived-float doctor": (
        "tests/swarm/test_doctor.py::test_a_serving_node_finds_nothing_foreign_in_its_own_group"
    ),
    r"promtool test rules .*": f"{HOST}::test_promtool_takes_the_rules_from_the_repositorys_root",
    # nodes
    r"docker exec keepalived-float handover": f"{SWARM}::test_a_handover_by_hand_moves_the_vip",
    r"docker node update --availability (drain|active) (NODE|OLD)": (
        "tests/swarm/test_operations.py::test_a_drained_holder_hands_over_and_keeps_nothing_until_it_is_active_again"
    ),
    r"docker node update --label-(add|rm) keepalived\.priority(=254)? NODE": (
        "tests/swarm/test_roster.py::test_labels_and_availability_of_a_manager_change_what_all_nodes_run_and_move_nothing"
    ),
    r"docker swarm join(-token)? .*|docker node demote OLD|docker swarm leave|docker node rm OLD": (
        f"{SWARM}::test_a_manager_is_replaced_by_the_documents_commands"
    ),
    r"docker (swarm init|node rm) --force.*|rm -rf /var/lib/docker/swarm|tar -C /var/lib/docker .*": (
        f"{SWARM}::test_a_swarm_that_lost_its_managers_serves_again_from_a_backup"
    ),
    r"systemctl (stop|start) docker.*": f"{SWARM}::test_a_swarm_that_lost_its_managers_serves_again_from_a_backup",
    # the end of it
    r"docker stack rm keepalived|docker volume rm keepalived_link keepalived_status": (
        "tests/swarm/test_removal.py::"
        "test_a_removed_stack_leaves_no_float_no_vip_and_no_volume_in_use_within_twenty_seconds"
    ),
    r"docker secret rm keepalived-password": f"{SWARM}::test_a_secret_is_made_and_removed",
    r"docker (stop|rm) keepalived-float": f"{SWARM}::test_a_float_that_was_left_is_removed_by_hand",
    # the containers of others
    r"docker stop keepalived && docker rm keepalived": (
        "tests/swarm/test_alone.py::test_the_cookbooks_two_nodes_elect_by_priority_over_unicast_and_fail_over"
    ),
    r"docker run -d --name keepalived .* osixia/keepalived:1\.3\.5": (
        "tests/swarm/test_alone.py::test_the_cookbooks_two_nodes_elect_by_priority_over_unicast_and_fail_over"
    ),
    r"docker run -d --privileged .* docker-keepalived": (
        "tests/swarm/test_alone.py::test_the_rancher_images_line_works_on_the_nic_that_it_misspells"
    ),
    r"docker run -d --restart=on-failure .* solnetcloud/keepalived:latest .*": (
        "tests/swarm/test_alone.py::test_the_solnet_images_line_logs_to_syslog_and_ends_for_docker_to_start_it_anew"
    ),
    # the host
    r"ip6?tables -I (INPUT|OUTPUT) .*-j ACCEPT": f"{HOST}::test_the_packet_filters_rules_are_taken",
    r"ip6?tables -I (INPUT|DOCKER-USER) .*-j DROP": (
        f"{HOST}::test_the_rules_for_the_buoys_port_keep_strangers_out_and_let_containers_call_others"
    ),
    r"nft insert rule .*": f"{HOST}::test_the_rule_of_nftables_is_taken",
    r"ufw allow .*": f"{HOST}::test_the_rule_of_ufw_is_taken",
    r"firewall-cmd .*": f"{HOST}::test_the_rule_of_firewalld_is_one",
    r"sysctl -w .*|echo net\.ipv4.*": f"{HOST}::test_the_kernel_takes_every_setting",
    r"ip (-o )?(address|link) .*": f"{HOST}::test_addresses_are_shown_and_removed",
}
"""Pattern of a command to what runs it: a test by its id, or the file of the CI that says it."""
