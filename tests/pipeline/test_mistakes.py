"""Broken pipelines, each with the exact message of every mistake in it."""

from __future__ import annotations

import pytest
from tests.pipeline.conftest import SOUND, Messages

Edits = tuple[tuple[str, str], ...]

#: What is wrong, the edits that make the sound pipeline so, and the messages (after the file).
BROKEN: tuple[tuple[str, Edits, tuple[str, ...]], ...] = (
    (
        "unknown table",
        (("[[sink]]", "[[sinks]]"),),
        ("sinks: no such key (did you mean 'sink'?)",),
    ),
    (
        "unknown top key",
        (("seed = 7", "sead = 7"),),
        ("sead: no such key (did you mean 'seed'?)",),
    ),
    (
        "name missing",
        (('name = "spy-trend"\n', ""),),
        ("name: found nothing, expected a text (what runs are called after)",),
    ),
    (
        "name with a slash",
        (('"spy-trend"', '"spy/trend"'),),
        (
            'name: found "spy/trend", must be printable, without slashes, outer spaces and a leading dot',
        ),
    ),
    (
        "name with a line break",
        (('"spy-trend"', '"spy\\ntrend"'),),
        (
            'name: found "spy\\ntrend", must be printable, without slashes, outer spaces and a leading dot',
        ),
    ),
    (
        "name too long",
        (('"spy-trend"', '"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"'),),
        (
            'name: found "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..., must have 1 to 64 characters (what runs are called after)',
        ),
    ),
    (
        "name empty",
        (('"spy-trend"', '""'),),
        ('name: found "", must have 1 to 64 characters (what runs are called after)',),
    ),
    (
        "name is a number",
        (('"spy-trend"', "12"),),
        ("name: found 12, expected a text (what runs are called after)",),
    ),
    (
        "seed negative",
        (("seed = 7", "seed = -3"),),
        ("seed: found -3, must be >= 0 (every random choice comes from it)",),
    ),
    (
        "seed too large",
        (("seed = 7", "seed = 9223372036854775808"),),
        ("seed: found 9223372036854775808, must be < 9223372036854775808",),
    ),
    (
        "seed fractional",
        (("seed = 7", "seed = 7.0"),),
        ("seed: found 7.0, expected a whole number (every random choice comes from it)",),
    ),
    (
        "seed true",
        (("seed = 7", "seed = true"),),
        ("seed: found true, expected a whole number (every random choice comes from it)",),
    ),
    (
        "table given as a value",
        (("[search]\nlookahead = 8\n", ""), ("seed = 7", "seed = 7\nsearch = 8")),
        ("search: found 8, expected a table",),
    ),
    (
        "engine unknown",
        (("[strategy]\n", '[strategy]\nengine = "pyton"\n'),),
        (
            "strategy.engine: found \"pyton\", expected an installed engine (did you mean 'python'?; if it is a plugin: pip install leanopt-pyton)",
        ),
    ),
    (
        "engine of another distribution",
        (("[strategy]\n", '[strategy]\nengine = "lean"\n'),),
        (
            'strategy.engine: found "lean", expected an installed engine (there are: python; if it is a plugin: pip install leanopt-lean)',
        ),
    ),
    (
        "entry missing",
        (('entry = "strategy.py:run"\n', ""),),
        ("strategy.entry: found nothing, expected a text (file and function, as strategy.py:run)",),
    ),
    (
        "entry refused by the engine's validator",
        (("strategy.py:run", "strategy.run"),),
        (
            "strategy.entry: found \"strategy.run\", expected a file and a function, as 'strategy.py:run'",
        ),
    ),
    (
        "strategy key misspelt",
        (('data = "data"', 'dta = "data"'),),
        ("strategy.dta: no such key (did you mean 'data'?)",),
    ),
    (
        "path is a number",
        (('data = "data"', "data = 5"),),
        ("strategy.data: found 5, expected a path as text",),
    ),
    (
        "path empty",
        (('data = "data"', 'data = ""'),),
        ('strategy.data: found "", expected a path as text',),
    ),
    (
        "path of an unknown home",
        (('data = "data"', 'data = "~nobody-of-this-name/data"'),),
        (
            'strategy.data: found "~nobody-of-this-name/data", expected a path as text (Could not determine home directory.)',
        ),
    ),
    (
        "strategy id",
        (("[strategy]\n", '[strategy]\nid = "../x"\n'),),
        (
            'strategy.id: found "../x", must be printable, without slashes, outer spaces and a leading dot',
        ),
    ),
    (
        "end before start",
        (("2016-12-30", "2003-12-31"),),
        (
            "scenario.end: found 2003-12-31, expected a day not before start, which is 2004-01-02 (last day)",
        ),
    ),
    (
        "date that is none",
        (("start = 2004-01-02", 'start = "2004-02-31"'),),
        ('scenario.start: found "2004-02-31", expected a date as 2004-01-02 (first day)',),
    ),
    (
        "date with a time",
        (("start = 2004-01-02", "start = 2004-01-02T00:00:00"),),
        ("scenario.start: found 2004-01-02T00:00:00, expected a date as 2004-01-02 (first day)",),
    ),
    (
        "date in another form",
        (("start = 2004-01-02", 'start = "01/02/2004"'),),
        ('scenario.start: found "01/02/2004", expected a date as 2004-01-02 (first day)',),
    ),
    (
        "cash of nothing",
        (("100_000", "0"),),
        ("scenario.cash: found 0, must be > 0 (the account's first balance)",),
    ),
    (
        "cash in words",
        (("100_000", '"100k"'),),
        ('scenario.cash: found "100k", expected a number (the account\'s first balance)',),
    ),
    (
        "scenario key misspelt",
        (('symbol = "SPY"', 'symbl = "SPY"'),),
        ("scenario.symbl: no such key (did you mean 'symbol'?)",),
    ),
    (
        "pass_as of an unknown key",
        (("cash =", 'pass_as = { symbl = "ticker" }\ncash ='),),
        ("scenario.pass_as.symbl: no such key in this scenario (did you mean 'symbol'?)",),
    ),
    (
        "pass_as onto a parameter",
        (("cash =", 'pass_as = { symbol = "fast" }\ncash ='),),
        ('scenario.pass_as.symbol: found "fast", expected a free name ([parameters] has it too)',),
    ),
    (
        "pass_as twice the same",
        (("cash =", 'pass_as = { symbol = "t", start = "t" }\ncash ='),),
        (
            "scenario.pass_as.start: found \"t\", expected a free name ('symbol' is passed as it too)",
        ),
    ),
    (
        "pass_as nothing",
        (("cash =", 'pass_as = { symbol = "" }\ncash ='),),
        ('scenario.pass_as.symbol: found "", expected a parameter\'s name',),
    ),
    (
        "pass_as a number",
        (("cash =", "pass_as = { symbol = 3 }\ncash ="),),
        ("scenario.pass_as.symbol: found 3, expected a text",),
    ),
    (
        "scenarios of the same symbol",
        (("[scenario]", '[[scenario]]\nsymbol = "SPY"\n\n[[scenario]]'),),
        ('scenario[1].name: found "SPY", is the name of scenario[0] too (set another)',),
    ),
    (
        "scenarios of the same name",
        (("[scenario]", '[[scenario]]\nname = "a"\n\n[[scenario]]\nname = "a"'),),
        ('scenario[1].name: found "a", is the name of scenario[0] too (set another)',),
    ),
    (
        "scenario is an empty array",
        (
            (
                '[scenario]\nsymbol = "SPY"\nstart = 2004-01-02\nend = 2016-12-30\ncash = 100_000\n',
                "",
            ),
            ("seed = 7", "seed = 7\nscenario = []"),
        ),
        ("scenario: found [], expected at least one scenario",),
    ),
    (
        "scenario is a list of texts",
        (
            (
                '[scenario]\nsymbol = "SPY"\nstart = 2004-01-02\nend = 2016-12-30\ncash = 100_000\n',
                "",
            ),
            ("seed = 7", 'seed = 7\nscenario = ["SPY"]'),
        ),
        ('scenario[0]: found "SPY", expected a table',),
    ),
    (
        "an extra that is not a number",
        (("cash =", "slippage = nan\ncash ="),),
        ("scenario.slippage: found nan, expected a finite number of at most 300 digits",),
    ),
    (
        "an extra of absurd size",
        (("cash =", "slippage = 1e999999999\ncash ="),),
        ("scenario.slippage: found 1E+999999999, expected a finite number of at most 300 digits",),
    ),
    (
        "parameters missing",
        (("[parameters]\n", "[ignored]\n"),),
        (
            "ignored: no such key (there are: constraints, executor, fitness, name, parameters, scenario, search, seed, sink, stage, strategy)",
            "parameters: found nothing, expected a table of parameters",
        ),
    ),
    (
        "parameters all fixed",
        (
            ("fast = { min = 5, max = 60, step = 1 }\n", ""),
            ("slow = { min = 20, max = 250, step = 5 }\n", ""),
            ("stop = { min = 0.01, max = 0.10, step = 0.005 }\n", ""),
            ("hold = { values = [1, 2, 3, 5, 8, 13] }\n", ""),
            ('exit = { choices = ["close", "trail"] }\n', ""),
            ('parameters = ["fast < slow"]\n', ""),
        ),
        (
            "parameters: found only fixed ones, expected at least one to search, as { min = 1, max = 9, step = 1 }",
        ),
    ),
    (
        "min above max",
        (("min = 5, max = 60", "min = 60, max = 5"),),
        ("parameters.fast: found { min = 60, max = 5, step = 1 }, min 60 is above max 5",),
    ),
    (
        "step of nothing",
        (("max = 60, step = 1", "max = 60, step = 0"),),
        ("parameters.fast: found { min = 5, max = 60, step = 0 }, step must be above 0, found 0",),
    ),
    (
        "step missing of a decimal axis",
        ((", step = 0.005", ""),),
        (
            "parameters.stop: found { min = 0.01, max = 0.10 }, expected min, max and step, or values, or choices",
        ),
    ),
    (
        "max missing",
        (("min = 5, max = 60, ", "min = 5, "),),
        (
            "parameters.fast: found { min = 5, step = 1 }, expected min, max and step, or values, or choices",
        ),
    ),
    (
        "max in quotes",
        (("max = 60", 'max = "60"'),),
        ('parameters.fast.max: found "60", expected a number (no value is above it)',),
    ),
    (
        "bound infinite",
        (("max = 60", "max = inf"),),
        ("parameters.fast.max: found inf, expected a finite number of at most 300 digits",),
    ),
    (
        "min and values",
        (("{ values =", "{ min = 1, values ="),),
        (
            "parameters.hold: found { min = 1, values = [1, 2, 3, 5, 8, 13] }, expected min, max and step, or values, or choices",
        ),
    ),
    (
        "parameter key misspelt",
        (("max = 60", "maxx = 60"),),
        ("parameters.fast.maxx: no such key (did you mean 'max'?)",),
    ),
    (
        "parameter of no keys",
        (("{ min = 5, max = 60, step = 1 }", "{}"),),
        ("parameters.fast: found {}, expected min, max and step, or values, or choices",),
    ),
    (
        "values that fall",
        (("[1, 2, 3, 5, 8, 13]", "[1, 3, 2]"),),
        (
            "parameters.hold: found { values = [1, 3, 2] }, values must rise, but values[2] is 2 after 3; unordered ones are written as choices",
        ),
    ),
    (
        "values that repeat",
        (("[1, 2, 3, 5, 8, 13]", "[1, 2, 2.0]"),),
        (
            "parameters.hold: found { values = [1, 2, 2.0] }, values[2] repeats values[1]: both are '2'",
        ),
    ),
    (
        "values empty",
        (("[1, 2, 3, 5, 8, 13]", "[]"),),
        (
            "parameters.hold: found { values = [] }, values is empty; a fixed parameter is written without a list",
        ),
    ),
    (
        "values of text",
        (("[1, 2, 3, 5, 8, 13]", '[1, "2"]'),),
        ('parameters.hold.values[1]: found "2", expected a number',),
    ),
    (
        "choices alike",
        (('["close", "trail"]', '["1", 1]'),),
        (
            "parameters.exit: found { choices = [\"1\", 1] }, choices[1] repeats choices[0]: both are '1'",
        ),
    ),
    (
        "choices of lists",
        (('["close", "trail"]', '[["close"], "trail"]'),),
        (
            'parameters.exit.choices[0]: found ["close"], expected a number, a text or true or false',
        ),
    ),
    (
        "parameter is a bare list",
        (("size = 1000", "size = [1, 2]"),),
        (
            "parameters.size: found [1, 2], expected min, max and step, or values, or choices, or a fixed number, a text, true or false (values = [...] or choices = [...] lists them)",
        ),
    ),
    (
        "parameter is a date",
        (("size = 1000", "size = 2020-01-01"),),
        (
            "parameters.size: found 2020-01-01, expected min, max and step, or values, or choices, or a fixed number, a text, true or false",
        ),
    ),
    (
        "fixed number too long",
        (("size = 1000", "size = 10000000000000000000000000000000000000000"),),
        (
            "parameters.size: found 10000000000000000000000000000000000000000, the value has more than 30 digits before or after the decimal point",
        ),
    ),
    (
        "axis too long",
        (("min = 5, max = 60, step = 1", "min = 0, max = 9223372036854775807, step = 1"),),
        (
            "parameters.fast: found { min = 0, max = 9223372036854775807, step = 1 }, has more than 2**63 - 1 values: take a larger step",
        ),
    ),
    (
        "constraint with an unknown name",
        (('"fast < slow"', '"fsat < slow"'),),
        (
            "constraints.parameters[0]: found \"fsat < slow\", column 1: fsat is no parameter (did you mean 'fast'?)",
        ),
    ),
    (
        "constraint that is no comparison",
        (('"fast < slow"', '"fast <"'),),
        ('constraints.parameters[0]: found "fast <", column 7: cannot be read',),
    ),
    (
        "constraint that is a call",
        (('"fast < slow"', '"fast < slow", "open(1) < fast"'),),
        (
            'constraints.parameters[1]: found "open(1) < fast", column 1: open is no function here (there are abs, min and max)',
        ),
    ),
    (
        "constraints that leave nothing",
        (('"fast < slow"', '"fast > 10", "fast > slow", "slow > 60"'),),
        ('constraints.parameters: found ["slow > 60"], leave no point of the space',),
    ),
    (
        "constraint is no list",
        (('["fast < slow"]', '"fast < slow"'),),
        ('constraints.parameters: found "fast < slow", expected a list (as "fast < slow")',),
    ),
    (
        "constraint is a number",
        (('"fast < slow"', "1"),),
        ("constraints.parameters[0]: found 1, expected a text",),
    ),
    (
        "result constraint without operator",
        (('"Drawdown <= 25%"', '"Drawdown 25%"'),),
        (
            'constraints.results[0]: found "Drawdown 25%", column 13: no operator (there are: < <= > >= == !=)',
        ),
    ),
    (
        "result constraint with a wrong operator",
        (('"Drawdown <= 25%"', '"Drawdown =< 25%"'),),
        (
            "constraints.results[0]: found \"Drawdown =< 25%\", column 10: '=<' is no operator (did you mean '<='?)",
        ),
    ),
    (
        "result constraint without bound",
        (('"Total Orders >= 30"', '"Total Orders >="'),),
        (
            'constraints.results[1]: found "Total Orders >=", column 16: no bound after the operator',
        ),
    ),
    (
        "fitness missing",
        (('[fitness]\nuse = "calmar"\nmin_trades = 30\n', ""),),
        ("fitness.use: found nothing, expected a text (which fitness function judges trials)",),
    ),
    (
        "fitness unknown",
        (('"calmar"', '"kalmar"'),),
        (
            "fitness.use: found \"kalmar\", expected an installed fitness function (did you mean 'calmar'?; if it is a plugin: pip install leanopt-kalmar)",
        ),
    ),
    (
        "fitness option out of range",
        (("min_trades = 30", "min_trades = -1"),),
        ("fitness.min_trades: found -1, must be >= 0",),
    ),
    (
        "fitness option misspelt",
        (("min_trades = 30", "min_trade = 30"),),
        ("fitness.min_trade: no such key (did you mean 'min_trades'?)",),
    ),
    (
        "fitness option of other choices",
        (("min_trades = 30", 'form = "ratios"'),),
        (
            'fitness.form: found "ratios", expected "ratio" or "log_trades" (did you mean \'ratio\'?)',
        ),
    ),
    (
        "fitness is an array",
        (("[fitness]", "[[fitness]]"),),
        ('fitness: found [{ use = "calmar", min_trades = 30 }], expected a table',),
    ),
    (
        "lookahead of nothing",
        (("lookahead = 8", "lookahead = 0"),),
        ("search.lookahead: found 0, must be >= 1 (how far proposals run ahead of results)",),
    ),
    (
        "curves of another kind",
        (("lookahead = 8", 'curves = "dayly"'),),
        ('search.curves: found "dayly", expected "daily" or "none" (did you mean \'daily\'?)',),
    ),
    (
        "durability true",
        (("lookahead = 8", "durability = true"),),
        ('search.durability: found true, expected "process" or "power"',),
    ),
    (
        "executor unknown",
        (('"process"', '"ray"'),),
        (
            'executor.use: found "ray", expected an installed executor (there are: process; if it is a plugin: pip install leanopt-ray)',
        ),
    ),
    (
        "workers of nothing",
        (("workers = 2", "workers = 0"),),
        ("executor.workers: found 0, must be >= 1 (how many backtests run at once)",),
    ),
    (
        "workers in words",
        (("workers = 2", 'workers = "many"'),),
        ('executor.workers: found "many", expected "auto" or a whole number',),
    ),
    (
        "duration without unit",
        (('"2min"', '"2"'),),
        ('executor.time_limit: found "2", expected a number with a unit: ms, s, min, h, d',),
    ),
    (
        "duration of an unknown unit",
        (('"2min"', '"2 minutes"'),),
        (
            'executor.time_limit: found "2 minutes", expected one of the units ms, s, min, h, d (of one backtest)',
        ),
    ),
    (
        "duration of nothing",
        (('"2min"', "0"),),
        ("executor.time_limit: found 0, must be > 0 (of one backtest)",),
    ),
    (
        "duration as a list",
        (('"2min"', "[2]"),),
        (
            'executor.time_limit: found [2], expected a duration as "2min" or in seconds (of one backtest)',
        ),
    ),
    (
        "size of an unknown unit",
        (("workers = 2", 'memory_limit = "2 gigs"'),),
        (
            'executor.memory_limit: found "2 gigs", expected one of the units B, kB, MB, GB, TB, KiB, MiB, GiB, TiB',
        ),
    ),
    (
        "size of half a byte",
        (("workers = 2", 'memory_limit = "0.5B"'),),
        ('executor.memory_limit: found "0.5B", expected a whole number of bytes (of one worker)',),
    ),
    (
        "size fractional",
        (("workers = 2", "memory_limit = 0.5"),),
        ('executor.memory_limit: found 0.5, expected a size as "2GB" or in bytes (of one worker)',),
    ),
    (
        "executor option out of range",
        (("workers = 2", "threads = 0\nnice = 20"),),
        ("executor.threads: found 0, must be >= 1", "executor.nice: found 20, must be <= 19"),
    ),
    (
        "retries and recycling",
        (("workers = 2", "retries = -1\nrecycle_after = 0"),),
        (
            "executor.retries: found -1, must be >= 0 (fresh workers tried after trouble with one)",
            "executor.recycle_after: found 0, must be >= 1 (backtests after which a worker is replaced)",
        ),
    ),
    (
        "no stage",
        (
            (
                '[[stage]]\nuse = "lhs"\ntrials = 128\n\n[[stage]]\nuse = "ga"\ntrials = 600\nseed_from = "lhs"\n',
                "",
            ),
        ),
        ("stage: found nothing, expected at least one [[stage]]",),
    ),
    (
        "stage as a single table",
        (('[[stage]]\nuse = "lhs"\ntrials = 128\n\n[[stage]]', "[stage]"),),
        (
            'stage: found { use = "ga", trials = 600, seed_from = "lhs" }, expected an array of tables (write [[stage]])',
        ),
    ),
    (
        "stage unknown",
        (('use = "lhs"', 'use = "lsh"'),),
        (
            "stage[0].use: found \"lsh\", expected an installed stage (did you mean 'lhs'?; if it is a plugin: pip install leanopt-lsh)",
        ),
    ),
    (
        "stage without use",
        (('use = "lhs"\n', ""),),
        (
            "stage[0].use: found nothing, expected a text (which search method)",
            'stage[1].seed_from: found "lhs", expected the name of an earlier stage (none is before this one)',
        ),
    ),
    (
        "stage of another distribution",
        (('use = "ga"', 'use = "nsga_pymoo"'),),
        (
            'stage[1].use: found "nsga_pymoo", expected an installed stage (there are: ga, lhs; if it is a plugin: pip install leanopt-nsga-pymoo)',
        ),
    ),
    (
        "stages of the same name",
        (('use = "ga"\n', 'use = "lhs"\n'),),
        ('stage[1].use: found "lhs", is the name of stage[0] too (set another)',),
    ),
    (
        "stages named the same",
        (('use = "ga"\n', 'use = "ga"\nname = "lhs"\n'),),
        ('stage[1].name: found "lhs", is the name of stage[0] too (set another)',),
    ),
    (
        "seeded by nobody",
        (('seed_from = "lhs"', 'seed_from = "lsh"'),),
        (
            "stage[1].seed_from: found \"lsh\", expected the name of an earlier stage (did you mean 'lhs'?)",
        ),
    ),
    (
        "seeded by itself",
        (('seed_from = "lhs"', 'seed_from = "ga"'),),
        ('stage[1].seed_from: found "ga", expected the name of an earlier stage (there are: lhs)',),
    ),
    (
        "first stage seeded",
        (("trials = 128", 'trials = 128\nseed_from = "ga"'),),
        (
            'stage[0].seed_from: found "ga", expected the name of an earlier stage (none is before this one)',
        ),
    ),
    (
        "trials in quotes",
        (("trials = 128", 'trials = "ten"'),),
        ('stage[0].trials: found "ten", expected a whole number (most trials of this stage)',),
    ),
    (
        "trials negative",
        (("trials = 128", "trials = -3"),),
        ("stage[0].trials: found -3, must be >= 1 (most trials of this stage)",),
    ),
    (
        "trials a list",
        (("trials = 128", "trials = [1, 2]"),),
        ("stage[0].trials: found [1, 2], expected a whole number (most trials of this stage)",),
    ),
    (
        "stage key misspelt",
        (("trials = 128", "trails = 128"),),
        ("stage[0].trails: no such key (did you mean 'trials'?)",),
    ),
    (
        "patience and target",
        (("trials = 128", 'patience = 0\nmin_delta = -0.1\ntarget = "high"'),),
        (
            "stage[0].patience: found 0, must be >= 1 (trials without progress after which it ends)",
            "stage[0].min_delta: found -0.1, must be >= 0 (the least gain that is progress)",
            'stage[0].target: found "high", expected a number (a fitness at which it ends)',
        ),
    ),
    (
        "target infinite",
        (("trials = 128", "target = inf"),),
        ("stage[0].target: found inf, expected a finite number of at most 300 digits",),
    ),
    (
        "option out of range",
        (("trials = 600", "population = 1"),),
        ("stage[1].population: found 1, must be >= 2 (Individuals alive at once)",),
    ),
    (
        "option against another",
        (("trials = 600", "population = 10\nelite = 11"),),
        ("stage[1].elite: found 11, must be at most the population, 10",),
    ),
    (
        "option against a broken one",
        (("trials = 600", 'population = "x"\nelite = 11'),),
        ('stage[1].population: found "x", expected a whole number (Individuals alive at once)',),
    ),
    (
        "options in a nested table",
        (("trials = 600", 'crossover = { rate = 1.5, kind = "blend", rat = 1 }'),),
        (
            "stage[1].crossover.rate: found 1.5, must be <= 1 (0 to 1)",
            "stage[1].crossover.rat: no such key (did you mean 'rate'?)",
        ),
    ),
    (
        "nested option not among its choices",
        (("trials = 600", 'crossover = { kind = "blnd" }'),),
        ("stage[1].crossover.kind: found \"blnd\", must be in ['blend', 'uniform']",),
    ),
    (
        "nested table is a number",
        (("trials = 600", "crossover = 2"),),
        ("stage[1].crossover: found 2, expected a table",),
    ),
    (
        "list of numbers with a text",
        (("trials = 600", 'rates = [0.1, "0.2", true]'),),
        (
            'stage[1].rates[1]: found "0.2", expected a number',
            "stage[1].rates[2]: found true, expected a number",
        ),
    ),
    (
        "pair of three",
        (("trials = 600", "bounds = [1, 2, 3]"),),
        ("stage[1].bounds: found [1, 2, 3], expected a list of 2",),
    ),
    (
        "table of numbers with a text",
        (("trials = 600", 'weights = { a = 1, b = "x" }'),),
        ('stage[1].weights.b: found "x", expected a number',),
    ),
    (
        "list of tables",
        (("trials = 600", "layers = [{ rate = 0.1 }, { rate = 2 }]"),),
        ("stage[1].layers[1].rate: found 2, must be <= 1 (0 to 1)",),
    ),
    (
        "text against its pattern",
        (("trials = 600", 'label = "A1"'),),
        ("stage[1].label: found \"A1\", must match regex '[a-z]+'",),
    ),
    (
        "options that do not go together",
        (("trials = 600", "rates = [0.1]"),),
        ("stage[1]: rates come in pairs",),
    ),
    (
        "duration in an option",
        (("trials = 600", 'pause = "soon"\nmemory = "1XB"'),),
        (
            'stage[1].pause: found "soon", expected a number with a unit: ms, s, min, h, d',
            'stage[1].memory: found "1XB", expected one of the units B, kB, MB, GB, TB, KiB, MiB, GiB, TiB',
        ),
    ),
    (
        "sink unknown",
        (('"jsonl"', '"parquet"'),),
        (
            'sink[0].use: found "parquet", expected an installed sink (there are: jsonl; if it is a plugin: pip install leanopt-parquet)',
        ),
    ),
    (
        "sink as a single table",
        (("[[sink]]", "[sink]"),),
        (
            'sink: found { use = "jsonl", path = "out.jsonl" }, expected an array of tables (write [[sink]])',
        ),
    ),
    (
        "sink key misspelt",
        (("path =", "paht ="),),
        ("sink[0].paht: no such key (did you mean 'path'?)",),
    ),
    (
        "variable unset",
        (('data = "data"', 'data = "${LEAN_DATA}/x"'),),
        (
            'strategy.data: found "${LEAN_DATA}/x", expected LEAN_DATA in the environment or in .env',
        ),
    ),
    (
        "two variables unset",
        (('data = "data"', 'data = "${A}${B}${A}"'),),
        ('strategy.data: found "${A}${B}${A}", expected A and B in the environment or in .env',),
    ),
    (
        "variable unset in a list",
        (('"close", "trail"', '"close", "${EXIT}"'),),
        (
            'parameters.exit.choices[1]: found "${EXIT}", expected EXIT in the environment or in .env',
        ),
    ),
    (
        "variable badly written",
        (('data = "data"', 'data = "${LEAN DATA}"'),),
        (
            'strategy.data: found "${LEAN DATA}", expected ${NAME} or ${NAME:-default} ($${ writes ${)',
        ),
    ),
    (
        "variable gives no number",
        (("trials = 128", 'trials = "${N:-12}"'),),
        ('stage[0].trials: found "12", expected a whole number (most trials of this stage)',),
    ),
    (
        "many at once, each where it stands",
        (
            ("seed = 7", "seed = -1"),
            ("2016-12-30", "2003-12-30"),
            ("max = 60", "maxx = 60"),
            ('"fast < slow"', '"fast < slwo"'),
            ("trials = 128", 'trials = "ten"'),
            ("path =", "paht ="),
        ),
        (
            "seed: found -1, must be >= 0 (every random choice comes from it)",
            "parameters.fast.maxx: no such key (did you mean 'max'?)",
            "constraints.parameters[0]: found \"fast < slwo\", column 8: slwo is no parameter (did you mean 'slow'?)",
            "scenario.end: found 2003-12-30, expected a day not before start, which is 2004-01-02 (last day)",
            'stage[0].trials: found "ten", expected a whole number (most trials of this stage)',
            "sink[0].paht: no such key (did you mean 'path'?)",
        ),
    ),
    (
        "constraint kinds",
        (('"fast < slow"', '"fast < exit"'),),
        ('constraints.parameters[0]: found "fast < exit", column 8: exit is a text, not a number',),
    ),
    (
        "parameter without a name",
        (("size = 1000", '"" = 1000'),),
        ('parameters."": found 1000, a name cannot be empty',),
    ),
    (
        "key that needs quotes",
        (("size = 1000", '"my size" = [1]'),),
        (
            'parameters."my size": found [1], expected min, max and step, or values, or choices, or a fixed number, a text, true or false (values = [...] or choices = [...] lists them)',
        ),
    ),
    (
        "a symbol of nothing",
        (('"SPY"', '""'),),
        ('scenario.symbol: found "", its length must be >= 1 (the security to trade)',),
    ),
)


@pytest.mark.parametrize(
    ("edits", "expected"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_broken(edits: Edits, expected: tuple[str, ...], messages: Messages) -> None:
    """Every mistake is said, with its place, what was found, what was expected, and a way on."""
    text = SOUND
    for old, new in edits:
        assert text.count(old) >= 1
        text = text.replace(old, new, 1)
    assert messages(text) == [f"pipeline.toml: {line}" for line in expected]
