-- A store of the first schema, with a run that was interrupted.
PRAGMA application_id = 1819242612;
BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'leanopt','first','2026-11-27 05:03:46.394629+00:00');
CREATE TABLE backtests (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,                  -- the first 16 bytes of the content key
  run_id INTEGER REFERENCES runs(id), -- where it was run, NULL where that was deleted
  scenario_id INTEGER REFERENCES scenarios(id),
  statistics TEXT,                    -- canonical JSON
  failure TEXT,                       -- the category
  message TEXT,
  closed_trades INTEGER,
  outputs TEXT,                       -- asked for beside the statistics, with commas
  attempts INTEGER NOT NULL,
  seconds REAL,
  worker INTEGER,                     -- the number of the one that had it last
  finished_at INTEGER NOT NULL        -- seconds since 1970 UTC
);
INSERT INTO "backtests" VALUES(1,X'69E047388FD2E81BFED649770E4D0A5B',1,1,'{"Sharpe Ratio":0.7333333333333333,"Total Orders":33.0}',NULL,NULL,NULL,'equity',1,1.39009070007887203246e-02,2,1795755827);
INSERT INTO "backtests" VALUES(2,X'05F65F723BB032D5FDA5D6C3244DF2CE',1,1,'{"Sharpe Ratio":0.8333333333333334,"Total Orders":32.0}',NULL,NULL,NULL,'equity',1,2.16440000076545402407e-03,1,1795755827);
INSERT INTO "backtests" VALUES(3,X'5AECFCE35135F50C38BC7B5A7F373996',1,1,'{"Sharpe Ratio":1.3,"Total Orders":15.0}',NULL,NULL,NULL,'equity',1,7.09612002538051456212e-04,1,1795755827);
INSERT INTO "backtests" VALUES(4,X'23B375BF4D890BAD0FF7C87A58EE725A',1,1,'{"Sharpe Ratio":0.23333333333333328,"Total Orders":33.0}',NULL,NULL,NULL,'equity',1,4.79437600006349384784e-03,1,1795755827);
INSERT INTO "backtests" VALUES(5,X'1B4257DB78AD081D269D43ABEE797755',1,1,'{"Sharpe Ratio":1.2333333333333332,"Total Orders":28.0}',NULL,NULL,NULL,'equity',1,7.85360299778403714299e-03,2,1795755827);
INSERT INTO "backtests" VALUES(6,X'24B0CE0E067E2567EEC60CE0F8080982',1,1,'{"Sharpe Ratio":1.4,"Total Orders":28.0}',NULL,NULL,NULL,'equity',1,6.81690999044803902506e-04,1,1795755827);
INSERT INTO "backtests" VALUES(7,X'92E620C3D30F0A7F5F9A39A3FF33302E',1,1,'{"Sharpe Ratio":-0.03333333333333327,"Total Orders":39.0}',NULL,NULL,NULL,'equity',1,1.25751499945181421935e-03,2,1795755827);
INSERT INTO "backtests" VALUES(8,X'F7E1116912B60FDF10B7BAA4FEF434D1',1,1,'{"Sharpe Ratio":-0.3666666666666666,"Total Orders":39.0}',NULL,NULL,NULL,'equity',1,4.80582800082629546523e-03,2,1795755827);
INSERT INTO "backtests" VALUES(9,X'A889913A33B7F131C608833F238CE5E9',1,1,NULL,'strategy error','ValueError: fast is 7 (strategy.py:11)',NULL,'equity',1,5.99514200075645931065e-03,1,1795755827);
INSERT INTO "backtests" VALUES(10,X'45912638A509B3992AF739DAA4840D41',1,1,'{"Sharpe Ratio":-0.30000000000000004,"Total Orders":40.0}',NULL,NULL,NULL,'equity',1,1.55350400018505752086e-03,2,1795755827);
INSERT INTO "backtests" VALUES(11,X'17A8A563C5CB7E266E549C9FB765C53E',1,1,'{"Sharpe Ratio":0.5666666666666665,"Total Orders":4.0}',NULL,NULL,NULL,'equity',1,8.09170000138692557811e-04,2,1795755827);
INSERT INTO "backtests" VALUES(12,X'97A27C6A75ECD3EB937553DF427F6CB0',1,1,NULL,'strategy error','ValueError: fast is 21 (strategy.py:11)',NULL,'equity',1,4.39625599756254814565e-03,2,1795755827);
INSERT INTO "backtests" VALUES(13,X'07A8BDBD436402DA18B3D99FE3E9CD3B',1,1,'{"Sharpe Ratio":0.9666666666666667,"Total Orders":20.0}',NULL,NULL,NULL,'equity',1,0.00397013800102286,2,1795755827);
INSERT INTO "backtests" VALUES(14,X'398E8468235E8B7262F77397751BF002',1,1,'{"Sharpe Ratio":0.5333333333333333,"Total Orders":30.0}',NULL,NULL,NULL,'equity',1,1.87547610003093723207e-02,1,1795755827);
INSERT INTO "backtests" VALUES(15,X'4C865D2355729C1C5BE8B422C02C8E1A',1,1,'{"Sharpe Ratio":0.9666666666666668,"Total Orders":29.0}',NULL,NULL,NULL,'equity',1,9.78667500021401792764e-03,2,1795755827);
INSERT INTO "backtests" VALUES(16,X'700C5F55F089F88B30FBCAAB24C1734B',1,1,'{"Sharpe Ratio":1.5333333333333332,"Total Orders":19.0}',NULL,NULL,NULL,'equity',1,1.37791299857781268656e-03,1,1795755827);
INSERT INTO "backtests" VALUES(17,X'805E32579395EDB4E9813FEC6E653818',1,1,'{"Sharpe Ratio":1.7333333333333332,"Total Orders":23.0}',NULL,NULL,NULL,'equity',1,7.43249299921444617211e-03,2,1795755827);
INSERT INTO "backtests" VALUES(18,X'7F584990B0D7D104D8B5A42DC81950D5',1,1,'{"Sharpe Ratio":1.3,"Total Orders":20.0}',NULL,NULL,NULL,'equity',1,2.11069999932078644633e-03,2,1795755827);
INSERT INTO "backtests" VALUES(19,X'F8D1A11366CCA1F441C8B6D62B045D6F',1,1,'{"Sharpe Ratio":1.7333333333333332,"Total Orders":23.0}',NULL,NULL,NULL,'equity',1,3.2360799996240530163e-03,2,1795755827);
INSERT INTO "backtests" VALUES(20,X'938CFE8B29B33B71942073F83EABEF62',1,1,'{"Sharpe Ratio":0.16666666666666663,"Total Orders":4.0}',NULL,NULL,NULL,'equity',1,5.87239000014960765838e-03,1,1795755827);
INSERT INTO "backtests" VALUES(21,X'D9121DB862A773A8596C90ADB134250C',1,1,'{"Sharpe Ratio":0.033333333333333326,"Total Orders":35.0}',NULL,NULL,NULL,'equity',1,5.49197500004083849489e-03,2,1795755827);
INSERT INTO "backtests" VALUES(22,X'46395C70DA8FA1800A6AED54CE7BDC51',1,1,'{"Sharpe Ratio":0.8666666666666667,"Total Orders":30.0}',NULL,NULL,NULL,'equity',1,3.2379830008721910417e-03,2,1795755827);
INSERT INTO "backtests" VALUES(23,X'BA6A85EB2F214B31E47C9BD3A8F8387B',1,1,'{"Sharpe Ratio":1.0333333333333332,"Total Orders":25.0}',NULL,NULL,NULL,'equity',1,1.16845189986634068191e-02,1,1795755827);
CREATE TABLE calendars (
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,          -- SHA-256 of the days
  days BLOB NOT NULL,                 -- differences of day numbers, int32, zlib
  count INTEGER NOT NULL,
  first_day TEXT,
  last_day TEXT
);
CREATE TABLE counters (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO "counters" VALUES('backtests',257);
CREATE TABLE evaluations (
  search_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,           -- the scenario's
  backtest_id INTEGER NOT NULL REFERENCES backtests(id),
  PRIMARY KEY (search_id, number, ordinal),
  FOREIGN KEY (search_id, number) REFERENCES trials(search_id, number)
) WITHOUT ROWID;
INSERT INTO "evaluations" VALUES(1,1,0,1);
INSERT INTO "evaluations" VALUES(1,2,0,5);
INSERT INTO "evaluations" VALUES(1,3,0,2);
INSERT INTO "evaluations" VALUES(1,4,0,3);
INSERT INTO "evaluations" VALUES(1,5,0,4);
INSERT INTO "evaluations" VALUES(1,6,0,6);
INSERT INTO "evaluations" VALUES(1,7,0,7);
INSERT INTO "evaluations" VALUES(1,8,0,9);
INSERT INTO "evaluations" VALUES(1,9,0,8);
INSERT INTO "evaluations" VALUES(1,10,0,10);
INSERT INTO "evaluations" VALUES(1,11,0,14);
INSERT INTO "evaluations" VALUES(1,12,0,11);
INSERT INTO "evaluations" VALUES(1,13,0,12);
INSERT INTO "evaluations" VALUES(1,14,0,13);
INSERT INTO "evaluations" VALUES(1,15,0,15);
INSERT INTO "evaluations" VALUES(1,16,0,16);
INSERT INTO "evaluations" VALUES(1,17,0,17);
INSERT INTO "evaluations" VALUES(1,18,0,20);
INSERT INTO "evaluations" VALUES(1,19,0,18);
INSERT INTO "evaluations" VALUES(1,20,0,19);
INSERT INTO "evaluations" VALUES(1,21,0,21);
INSERT INTO "evaluations" VALUES(1,22,0,23);
INSERT INTO "evaluations" VALUES(1,23,0,22);
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs(id),
  search_id INTEGER REFERENCES searches(id),
  stage_id INTEGER REFERENCES stages(id),
  number INTEGER,                     -- the trial after which it happened
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,               -- JSON
  happened_at TEXT NOT NULL
);
CREATE TABLE file_hashes (
  path TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  sha256 TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE returns (
  backtest_id INTEGER PRIMARY KEY REFERENCES backtests(id),
  calendar_id INTEGER NOT NULL REFERENCES calendars(id),
  daily BLOB NOT NULL,                -- float32, zlib
  ended TEXT                          -- why the series stops before the curve does
);
CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  pipeline TEXT NOT NULL,
  number INTEGER NOT NULL,            -- counts the runs of this pipeline, from 1
  strategy TEXT NOT NULL,             -- its stable identity, across edits
  plan_hash TEXT NOT NULL,
  plan TEXT NOT NULL,                 -- the search plan, canonical JSON
  execution TEXT NOT NULL,            -- what does not decide the trials, JSON
  state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'interrupted', 'failed')),
  started_at TEXT NOT NULL,           -- UTC, ISO 8601
  finished_at TEXT,
  UNIQUE (pipeline, number)
);
INSERT INTO "runs" VALUES(1,'before-1','before',1,'before','61e3cf8aa144565e3def50adaafd1615baa74c7e87d63c15044ed2c7ec0a3b40','{"data":null,"engine":"python","lookahead":4,"scenarios":[{"name":"default"}],"scoring":{"constraints":["Total Orders >= 5"],"fitness":{"distribution":"leanopt-statistic","name":"statistic","options":{"aggregate":"mean","direction":"max","statistic":"Sharpe Ratio","target":null},"version":"0.1.0"}},"searches":[{"name":"main","number":1,"scenarios":["default"],"seed":2924556993494961052}],"seed":3,"source":"b99078d98e740e9d2916b31d925d917d0e010ed16f20fd925f6aa82af66e1dac","space":{"axes":[{"kind":"int","max":30,"min":1,"name":"fast","step":1},{"kind":"int","max":60,"min":10,"name":"slow","step":5}],"constraints":[],"fixed":{}},"stages":[{"method":{"distribution":"leanopt-random","name":"random","options":{},"version":"0.1.0"},"min_delta":0.0,"name":"random","patience":null,"seed_from":null,"target":null,"trials":16},{"method":{"distribution":"leanopt-ga-deap","name":"ga_deap","options":{"batch_size":15,"crossover_prob":0.95,"early_stopping_generations":15,"early_stopping_min_delta":0.01,"final_population_size":20,"mutation_prob":0.05,"n_generations":73,"n_seeds":10,"population_size":125,"restart":true,"tournament_size":3},"version":"0.1.0"},"min_delta":0.0,"name":"ga_deap","patience":null,"seed_from":null,"target":null,"trials":64}],"version":1}','{"build":{"files":"strategy.py","identity":"4135f827c4c7db20d60b402856c54505d15321310e27d427a9fe84f703dc16ed","python":"cpython 3.11.7"},"curves":"daily","durability":"process","executor":{"nice":0,"threads":1,"use":"process"},"folder":"/project","keep":"none","launch":{"command":["/leanopt/.venv/bin/python","/leanopt/harness/python/leanopt_harness","serve","--entry","/project/strategy.py:run"],"environment":{},"places":{"build":"/project","harness":"/leanopt/harness/python/leanopt_harness","python":"/leanopt/.venv/bin/python","scratch":"."}},"memory_limit":null,"place":{"platform":"linux x86_64","python":"CPython 3.11.7"},"recycle_after":null,"recycle_growth":null,"retries":2,"sinks":[],"start_patience":120.0,"strategy":{"data":null,"engine":"python","entry":"strategy.py:run","python":null},"time_limit":null,"workers":2,"hello":{"abilities":["equity","inline","read","statistics","trades"],"engine":"python","protocol":1},"read_types":{}}','interrupted','2026-11-27T05:03:47+00:00','2026-11-27T05:03:47+00:00');
CREATE TABLE scenarios (
  id INTEGER PRIMARY KEY,
  search_id INTEGER NOT NULL REFERENCES searches(id),
  ordinal INTEGER NOT NULL,           -- its place in the search, from 0
  name TEXT NOT NULL,
  definition TEXT NOT NULL,           -- canonical JSON
  UNIQUE (search_id, ordinal)
);
INSERT INTO "scenarios" VALUES(1,1,0,'default','{"name":"default"}');
CREATE TABLE searches (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs(id),
  number INTEGER NOT NULL,            -- within the run, from 1
  name TEXT NOT NULL,
  seed INTEGER NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('max', 'min')),
  ended TEXT,                         -- why
  told INTEGER NOT NULL DEFAULT 0,    -- kept beside the trials: counting a million takes long
  withdrawn INTEGER NOT NULL DEFAULT 0,
  best INTEGER,                       -- the number of the trial that ranks first
  UNIQUE (run_id, number)
);
INSERT INTO "searches" VALUES(1,1,1,'main',2924556993494961052,'max',NULL,21,0,17);
CREATE TABLE stages (
  id INTEGER PRIMARY KEY,
  search_id INTEGER NOT NULL REFERENCES searches(id),
  position INTEGER NOT NULL,          -- its place in the search, from 0
  name TEXT NOT NULL,
  method TEXT NOT NULL,
  distribution TEXT NOT NULL,
  version TEXT NOT NULL,
  trials INTEGER,                     -- its budget
  ended TEXT,                         -- why
  UNIQUE (search_id, position)
);
INSERT INTO "stages" VALUES(1,1,0,'random','random','leanopt-random','0.1.0',16,'trials');
INSERT INTO "stages" VALUES(2,1,1,'ga_deap','ga_deap','leanopt-ga-deap','0.1.0',64,NULL);
CREATE TABLE trials (
  search_id INTEGER NOT NULL REFERENCES searches(id),
  number INTEGER NOT NULL,            -- within the search, from 1
  stage_id INTEGER NOT NULL REFERENCES stages(id),
  grid_index NOT NULL,                -- the point's place in the whole grid
  parameters TEXT NOT NULL,           -- JSON, numbers exact
  origin TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  told_before INTEGER NOT NULL,       -- trials of its stage told when it was proposed
  state TEXT NOT NULL CHECK (state IN ('proposed', 'told', 'withdrawn')),
  fitness REAL,
  violation REAL,                     -- 0 where every constraint holds, NULL until told
  failure TEXT,                       -- the category
  detail TEXT,                        -- JSON: reasons, values, violations, those there are
  PRIMARY KEY (search_id, number)
) WITHOUT ROWID;
INSERT INTO "trials" VALUES(1,1,1,246,'{"fast":23,"slow":30}','random',0,0,'told',7.33333333333333281522e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,2,1,193,'{"fast":18,"slow":40}','random',0,0,'told',1.2333333333333331705e+00,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,3,1,235,'{"fast":22,"slow":30}','random',0,0,'told',8.3333333333333337034e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,4,1,49,'{"fast":5,"slow":35}','random',0,0,'told',1.3,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,5,1,243,'{"fast":23,"slow":15}','random',0,1,'told',2.33333333333333281522e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,6,1,192,'{"fast":18,"slow":35}','random',0,2,'told',1.4,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,7,1,315,'{"fast":29,"slow":45}','random',0,3,'told',-3.33333333333332704206e-02,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,8,1,73,'{"fast":7,"slow":45}','random',0,4,'told',NULL,0.0,'strategy error','{"reasons":["ValueError: fast is 7 (strategy.py:11)"]}');
INSERT INTO "trials" VALUES(1,9,1,309,'{"fast":29,"slow":15}','random',0,5,'told',-3.6666666666666658525e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,10,1,327,'{"fast":30,"slow":50}','random',0,6,'told',-3.00000000000000044408e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,11,1,218,'{"fast":20,"slow":55}','random',0,7,'told',5.33333333333333325931e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,12,1,197,'{"fast":18,"slow":60}','random',0,8,'told',5.66666666666666540841e-01,0.2,NULL,'{"violations":[["Total Orders >= 5",0.2]]}');
INSERT INTO "trials" VALUES(1,13,1,226,'{"fast":21,"slow":40}','random',0,9,'told',NULL,0.0,'strategy error','{"reasons":["ValueError: fast is 21 (strategy.py:11)"]}');
INSERT INTO "trials" VALUES(1,14,1,99,'{"fast":10,"slow":10}','random',0,10,'told',9.66666666666666674068e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,15,1,201,'{"fast":19,"slow":25}','random',0,11,'told',9.6666666666666678509e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,16,1,92,'{"fast":9,"slow":30}','random',0,12,'told',1.5333333333333332149e+00,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,17,2,138,'{"fast":13,"slow":40}','random',0,0,'told',1.7333333333333331705e+00,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,18,2,21,'{"fast":2,"slow":60}','random',0,0,'told',1.66666666666666629659e-01,0.2,NULL,'{"violations":[["Total Orders >= 5",0.2]]}');
INSERT INTO "trials" VALUES(1,19,2,101,'{"fast":10,"slow":20}','random',0,0,'told',1.3,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,20,2,136,'{"fast":13,"slow":30}','random',0,0,'told',1.7333333333333331705e+00,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,21,2,273,'{"fast":25,"slow":55}','random',0,1,'told',3.33333333333333259318e-02,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,22,2,163,'{"fast":15,"slow":55}','random',0,2,'proposed',NULL,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,23,2,216,'{"fast":20,"slow":45}','random',0,3,'proposed',NULL,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,24,2,35,'{"fast":4,"slow":20}','random',0,4,'proposed',NULL,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,25,2,251,'{"fast":23,"slow":55}','random',0,5,'proposed',NULL,NULL,NULL,NULL);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX runs_of_plan ON runs(plan_hash);
CREATE INDEX trials_failed ON trials(search_id, failure) WHERE failure IS NOT NULL;
CREATE INDEX backtests_by_key ON backtests(substr(key, 1, 8));
CREATE INDEX events_of_run ON events(run_id);
CREATE UNIQUE INDEX stops ON events(search_id, number) WHERE kind = 'stop';
CREATE VIEW trials_ranked AS
SELECT
  runs.name AS run,
  row_number() OVER (
    PARTITION BY runs.name
    ORDER BY
      CASE WHEN violation > 0 THEN 1 WHEN fitness IS NOT NULL THEN 0 ELSE 2 END,
      CASE WHEN violation > 0 THEN violation WHEN direction = 'min' THEN fitness ELSE -fitness END,
      searches.number, trials.number
  ) AS rank,
  searches.number AS search,
  trials.number AS trial,
  stages.name AS stage,
  fitness, violation, trials.failure AS failure,
  parameters, statistics, origin, detail, message
FROM runs
JOIN searches ON searches.run_id = runs.id
JOIN trials ON trials.search_id = searches.id AND trials.state = 'told'
JOIN stages ON stages.id = trials.stage_id
LEFT JOIN evaluations ON evaluations.search_id = trials.search_id
  AND evaluations.number = trials.number AND evaluations.ordinal = 0
LEFT JOIN backtests ON backtests.id = evaluations.backtest_id;
CREATE VIEW runs_summary AS
SELECT
  runs.name AS run, runs.state AS state, started_at, finished_at,
  count(searches.id) AS searches,
  coalesce(sum(told), 0) AS told,
  coalesce(sum(withdrawn), 0) AS withdrawn,
  (SELECT count(*) FROM searches AS s JOIN trials ON trials.search_id = s.id
    WHERE s.run_id = runs.id AND trials.failure IS NOT NULL) AS failed,
  (SELECT CASE s.direction WHEN 'min' THEN min(fitness) ELSE max(fitness) END
    FROM searches AS s JOIN trials ON trials.search_id = s.id AND trials.number = s.best
    WHERE s.run_id = runs.id AND violation = 0) AS best_fitness
FROM runs LEFT JOIN searches ON searches.run_id = runs.id
GROUP BY runs.id;
COMMIT;
