-- A store up to the migration 'pruned', with a run that was interrupted.
PRAGMA application_id = 1819242612;
BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'leanopt','first','2026-11-27 12:11:43.270967+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'leanopt','states','2026-11-27 12:11:43.271639+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'leanopt','outputs','2026-11-27 12:11:43.271847+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'leanopt','pruned','2026-11-27 12:11:43.272492+00:00');
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
INSERT INTO "backtests" VALUES(1,X'211D522A207B1F3272E659DB34ABC5CE',1,1,'{"Sharpe Ratio":0.7333333333333333,"Total Orders":33.0}',NULL,NULL,NULL,'equity',1,2.32393070036778226494e-02,2,1795781504);
INSERT INTO "backtests" VALUES(2,X'0438AAFE18CFB766E1F7D44263B090F9',1,1,'{"Sharpe Ratio":1.2333333333333332,"Total Orders":28.0}',NULL,NULL,NULL,'equity',1,1.21623289960552938282e-02,2,1795781504);
INSERT INTO "backtests" VALUES(3,X'D5D0D492EE8C7ECE5B113D333C364D1E',1,1,'{"Sharpe Ratio":1.3,"Total Orders":15.0}',NULL,NULL,NULL,'equity',1,1.74703099764883518218e-03,2,1795781504);
INSERT INTO "backtests" VALUES(4,X'409E0377BE9E6A2F34CBCC482824830D',1,1,'{"Sharpe Ratio":0.23333333333333328,"Total Orders":33.0}',NULL,NULL,NULL,'equity',1,1.82016059989109635353e-02,2,1795781504);
INSERT INTO "backtests" VALUES(5,X'9D2B44DABF00799020A446B65206E573',1,1,'{"Sharpe Ratio":0.8333333333333334,"Total Orders":32.0}',NULL,NULL,NULL,'equity',1,3.21647550008492544293e-02,1,1795781504);
INSERT INTO "backtests" VALUES(6,X'1D3E0BB92FE79ABB13DA3006EBECB8E5',1,1,'{"Sharpe Ratio":1.4,"Total Orders":28.0}',NULL,NULL,NULL,'equity',1,2.0097016000363510102e-02,2,1795781504);
INSERT INTO "backtests" VALUES(7,X'909C7EAE5BF3672F3FC317A9A3ECDA2C',1,1,'{"Sharpe Ratio":-0.03333333333333327,"Total Orders":39.0}',NULL,NULL,NULL,'equity',1,1.77624740026658400893e-02,1,1795781504);
INSERT INTO "backtests" VALUES(8,X'65E6076AF6585F95F0603F191FC6B623',1,1,NULL,'strategy error','ValueError: fast is 7 (strategy.py:11)',NULL,'equity',1,2.03179649979574605822e-02,2,1795781504);
INSERT INTO "backtests" VALUES(9,X'C7A219938F3DD1235F43C1DFA255699A',1,1,'{"Sharpe Ratio":-0.3666666666666666,"Total Orders":39.0}',NULL,NULL,NULL,'equity',1,2.03337580023799091577e-02,1,1795781504);
INSERT INTO "backtests" VALUES(10,X'AC6764DE9631B3881206CC23F629A031',1,1,'{"Sharpe Ratio":-0.30000000000000004,"Total Orders":40.0}',NULL,NULL,NULL,'equity',1,2.38959499984048306941e-03,2,1795781504);
INSERT INTO "backtests" VALUES(11,X'FA26A7F8F92178DBA7F015264A43F320',1,1,'{"Sharpe Ratio":0.5333333333333333,"Total Orders":30.0}',NULL,NULL,NULL,'equity',1,3.13696059965877793729e-02,1,1795781504);
INSERT INTO "backtests" VALUES(12,X'999E3E9E36C403F24436A958C2A7CCB0',1,1,'{"Sharpe Ratio":0.5666666666666665,"Total Orders":4.0}',NULL,NULL,NULL,'equity',1,3.08255290001397952437e-02,2,1795781504);
INSERT INTO "backtests" VALUES(13,X'26B19759D8FB78B042FDA6F5CA27638F',1,1,'{"Sharpe Ratio":0.9666666666666667,"Total Orders":20.0}',NULL,NULL,NULL,'equity',1,4.60649200249463319778e-03,2,1795781504);
INSERT INTO "backtests" VALUES(14,X'3BE73E78205A4CB53B47C45DB171D621',1,1,NULL,'strategy error','ValueError: fast is 21 (strategy.py:11)',NULL,'equity',1,6.44720200216397643089e-03,1,1795781504);
INSERT INTO "backtests" VALUES(15,X'6241FFAA28BC807DD371CA5405E73583',1,1,'{"Sharpe Ratio":0.9666666666666668,"Total Orders":29.0}',NULL,NULL,NULL,'equity',1,0.00954112099861959,2,1795781504);
INSERT INTO "backtests" VALUES(16,X'B261493F82EDC13095B87385ED60319C',1,1,'{"Sharpe Ratio":1.5333333333333332,"Total Orders":19.0}',NULL,NULL,NULL,'equity',1,9.5327990056830458343e-03,1,1795781504);
INSERT INTO "backtests" VALUES(17,X'ACDDB75C14F9660F67F01CA1A72D5C35',1,1,'{"Sharpe Ratio":1.7333333333333332,"Total Orders":23.0}',NULL,NULL,NULL,'equity',1,2.16860440050368197262e-02,2,1795781504);
INSERT INTO "backtests" VALUES(18,X'9CB8D29B989C993FC06BE4DC74B54493',1,1,'{"Sharpe Ratio":0.16666666666666663,"Total Orders":4.0}',NULL,NULL,NULL,'equity',1,8.01458600471960380673e-03,1,1795781504);
INSERT INTO "backtests" VALUES(19,X'ED79CAA85360693939EB25D3A04CC07B',1,1,'{"Sharpe Ratio":1.3,"Total Orders":20.0}',NULL,NULL,NULL,'equity',1,0.00789419799548341,2,1795781504);
INSERT INTO "backtests" VALUES(20,X'AA0F830E15FCEA16D10C947A20F1264B',1,1,'{"Sharpe Ratio":0.033333333333333326,"Total Orders":35.0}',NULL,NULL,NULL,'equity',1,4.33384699863381683826e-03,2,1795781504);
INSERT INTO "backtests" VALUES(21,X'0900F94716F20D107D59B155CD3B7503',1,1,'{"Sharpe Ratio":1.7333333333333332,"Total Orders":23.0}',NULL,NULL,NULL,'equity',1,4.63972100260434672236e-03,1,1795781504);
CREATE TABLE calendars (
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,          -- SHA-256 of the days
  days BLOB NOT NULL,                 -- differences of day numbers, int32, zlib
  count INTEGER NOT NULL,
  first_day TEXT,
  last_day TEXT
);
CREATE TABLE closed_trades (
  backtest_id INTEGER PRIMARY KEY REFERENCES backtests(id),
  trades BLOB NOT NULL                -- JSON, a list for each trade, zlib
);
CREATE TABLE counters (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO "counters" VALUES('backtests',257);
CREATE TABLE equity_curves (
  backtest_id INTEGER PRIMARY KEY REFERENCES backtests(id),
  times BLOB NOT NULL,                -- differences of seconds since 1970 UTC, int64, zlib
  points BLOB NOT NULL                -- the value at each, float64, zlib
);
CREATE TABLE evaluations (
  search_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,           -- the scenario's
  backtest_id INTEGER NOT NULL REFERENCES backtests(id),
  PRIMARY KEY (search_id, number, ordinal),
  FOREIGN KEY (search_id, number) REFERENCES trials(search_id, number)
) WITHOUT ROWID;
INSERT INTO "evaluations" VALUES(1,1,0,1);
INSERT INTO "evaluations" VALUES(1,2,0,2);
INSERT INTO "evaluations" VALUES(1,3,0,5);
INSERT INTO "evaluations" VALUES(1,4,0,3);
INSERT INTO "evaluations" VALUES(1,5,0,4);
INSERT INTO "evaluations" VALUES(1,6,0,6);
INSERT INTO "evaluations" VALUES(1,7,0,7);
INSERT INTO "evaluations" VALUES(1,8,0,8);
INSERT INTO "evaluations" VALUES(1,9,0,9);
INSERT INTO "evaluations" VALUES(1,10,0,10);
INSERT INTO "evaluations" VALUES(1,11,0,11);
INSERT INTO "evaluations" VALUES(1,12,0,12);
INSERT INTO "evaluations" VALUES(1,13,0,14);
INSERT INTO "evaluations" VALUES(1,14,0,13);
INSERT INTO "evaluations" VALUES(1,15,0,15);
INSERT INTO "evaluations" VALUES(1,16,0,16);
INSERT INTO "evaluations" VALUES(1,17,0,17);
INSERT INTO "evaluations" VALUES(1,18,0,18);
INSERT INTO "evaluations" VALUES(1,19,0,19);
INSERT INTO "evaluations" VALUES(1,20,0,21);
INSERT INTO "evaluations" VALUES(1,21,0,20);
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
INSERT INTO "runs" VALUES(1,'before-1','before',1,'before','d8d95456e62b5b8a1948ad65e3421de06ec5b13aa0220ba97330729b86cee40c','{"data":null,"engine":"python","lookahead":4,"scenarios":[{"name":"default"}],"scoring":{"constraints":["Total Orders >= 5"],"fitness":{"distribution":"leanopt-statistic","name":"statistic","options":{"aggregate":"mean","direction":"max","statistic":"Sharpe Ratio","target":null}}},"searches":[{"name":"main","number":1,"scenarios":["default"],"seed":2924556993494961052}],"seed":3,"source":"b99078d98e740e9d2916b31d925d917d0e010ed16f20fd925f6aa82af66e1dac","space":{"axes":[{"kind":"int","max":30,"min":1,"name":"fast","step":1},{"kind":"int","max":60,"min":10,"name":"slow","step":5}],"constraints":[],"fixed":{}},"stages":[{"method":{"distribution":"leanopt-random","name":"random","options":{}},"min_delta":0.0,"name":"random","patience":null,"seed_from":null,"target":null,"trials":16},{"method":{"distribution":"leanopt-ga-deap","name":"ga_deap","options":{"batch_size":15,"crossover_prob":0.95,"early_stopping_generations":15,"early_stopping_min_delta":0.01,"final_population_size":20,"mutation_prob":0.05,"n_generations":73,"n_seeds":10,"population_size":125,"restart":true,"tournament_size":3}},"min_delta":0.0,"name":"ga_deap","patience":null,"seed_from":null,"target":null,"trials":64}],"version":2}','{"build":{"files":"strategy.py","identity":"bff68b67d66184a2ac3b9c96f3acdb9a079f808a1b9aabd2b19398eb04362297","python":"cpython 3.11.7"},"curves":"daily","durability":"process","executor":{"nice":0,"threads":1,"use":"process"},"folder":"/home/someone/project","keep":"none","launch":{"command":["/home/someone/.venv/bin/python","/home/someone/leanopt/harness/python/leanopt_harness","serve","--entry","/home/someone/project/strategy.py:run"],"environment":{},"placeholders":{"build":"/home/someone/project","harness":"/home/someone/leanopt/harness/python/leanopt_harness","python":"/home/someone/.venv/bin/python","scratch":"."}},"memory_limit":null,"plugins":{"leanopt-ga-deap":"0.1.0","leanopt-random":"0.1.0","leanopt-statistic":"0.1.0"},"recycle_after":null,"recycle_growth":null,"retries":2,"runtime":{"platform":"linux x86_64","python":"CPython 3.11.7"},"sinks":[],"start_patience":120.0,"strategy":{"data":null,"engine":"python","entry":"strategy.py:run","python":null},"time_limit":null,"workers":2,"hello":{"abilities":["equity","inline","read","statistics","trades"],"engine":"python","protocol":1},"read_types":{}}','interrupted','2026-11-27T12:11:44+00:00','2026-11-27T12:11:44+00:00');
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
INSERT INTO "searches" VALUES(1,1,1,'main',2924556993494961052,'max',NULL,19,0,17);
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
  state TEXT NOT NULL CHECK (state IN ('proposed', 'completed', 'failed', 'withdrawn')),
  fitness REAL,
  violation REAL,                     -- 0 where every constraint holds, NULL until told
  failure TEXT,                       -- the category
  detail TEXT, pruned_at INTEGER,                        -- JSON: reasons, values, violations, those there are
  PRIMARY KEY (search_id, number)
) WITHOUT ROWID;
INSERT INTO "trials" VALUES(1,1,1,246,'{"fast":23,"slow":30}','random',0,0,'completed',7.33333333333333281522e-01,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,2,1,193,'{"fast":18,"slow":40}','random',0,0,'completed',1.2333333333333331705e+00,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,3,1,235,'{"fast":22,"slow":30}','random',0,0,'completed',8.3333333333333337034e-01,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,4,1,49,'{"fast":5,"slow":35}','random',0,0,'completed',1.3,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,5,1,243,'{"fast":23,"slow":15}','random',0,1,'completed',2.33333333333333281522e-01,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,6,1,192,'{"fast":18,"slow":35}','random',0,2,'completed',1.4,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,7,1,315,'{"fast":29,"slow":45}','random',0,3,'completed',-3.33333333333332704206e-02,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,8,1,73,'{"fast":7,"slow":45}','random',0,4,'failed',NULL,0.0,'strategy error','{"reasons":["ValueError: fast is 7 (strategy.py:11)"]}',NULL);
INSERT INTO "trials" VALUES(1,9,1,309,'{"fast":29,"slow":15}','random',0,5,'completed',-3.6666666666666658525e-01,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,10,1,327,'{"fast":30,"slow":50}','random',0,6,'completed',-3.00000000000000044408e-01,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,11,1,218,'{"fast":20,"slow":55}','random',0,7,'completed',5.33333333333333325931e-01,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,12,1,197,'{"fast":18,"slow":60}','random',0,8,'completed',5.66666666666666540841e-01,0.2,NULL,'{"violations":[["Total Orders >= 5",0.2]]}',NULL);
INSERT INTO "trials" VALUES(1,13,1,226,'{"fast":21,"slow":40}','random',0,9,'failed',NULL,0.0,'strategy error','{"reasons":["ValueError: fast is 21 (strategy.py:11)"]}',NULL);
INSERT INTO "trials" VALUES(1,14,1,99,'{"fast":10,"slow":10}','random',0,10,'completed',9.66666666666666674068e-01,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,15,1,201,'{"fast":19,"slow":25}','random',0,11,'completed',9.6666666666666678509e-01,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,16,1,92,'{"fast":9,"slow":30}','random',0,12,'completed',1.5333333333333332149e+00,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,17,2,138,'{"fast":13,"slow":40}','random',0,0,'completed',1.7333333333333331705e+00,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,18,2,21,'{"fast":2,"slow":60}','random',0,0,'completed',1.66666666666666629659e-01,0.2,NULL,'{"violations":[["Total Orders >= 5",0.2]]}',NULL);
INSERT INTO "trials" VALUES(1,19,2,101,'{"fast":10,"slow":20}','random',0,0,'completed',1.3,0.0,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,20,2,136,'{"fast":13,"slow":30}','random',0,0,'proposed',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,21,2,273,'{"fast":25,"slow":55}','random',0,1,'proposed',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,22,2,163,'{"fast":15,"slow":55}','random',0,2,'proposed',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,23,2,216,'{"fast":20,"slow":45}','random',0,3,'proposed',NULL,NULL,NULL,NULL,NULL);
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
      CASE WHEN violation > 0 THEN 2 WHEN fitness IS NULL THEN 3 ELSE pruned_at IS NOT NULL END,
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
JOIN trials ON trials.search_id = searches.id AND trials.state IN ('completed', 'failed')
JOIN stages ON stages.id = trials.stage_id
LEFT JOIN evaluations ON evaluations.search_id = trials.search_id
  AND evaluations.number = trials.number AND evaluations.ordinal = 0
LEFT JOIN backtests ON backtests.id = evaluations.backtest_id;
CREATE VIEW runs_summary AS
SELECT
  runs.name AS run, runs.state AS state, started_at, finished_at,
  count(searches.id) AS searches,
  coalesce(sum(told), 0) - coalesce(sum(failures), 0) AS completed,
  coalesce(sum(failures), 0) AS failed,
  coalesce(sum(withdrawn), 0) AS withdrawn,
  (SELECT CASE s.direction WHEN 'min' THEN min(fitness) ELSE max(fitness) END
    FROM searches AS s JOIN trials ON trials.search_id = s.id AND trials.number = s.best
    WHERE s.run_id = runs.id AND violation = 0 AND pruned_at IS NULL) AS best_fitness
FROM runs
LEFT JOIN (
  SELECT *, (
    SELECT count(*) FROM trials WHERE search_id = searches.id AND failure IS NOT NULL
  ) AS failures
  FROM searches
) AS searches ON searches.run_id = runs.id
GROUP BY runs.id;
COMMIT;
