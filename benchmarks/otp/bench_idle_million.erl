%% The workload idle_million: idle_rss with the size that it is given.
-module(bench_idle_million).
-export([run/1]).

run(Size) ->
    bench:idle_rss(Size).
