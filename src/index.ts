/** @file The public API: re-exports only. What is not here may change between minor versions. */

export { catalogue, catalogueIds } from './concepts/catalogues.ts';
export {
  type Concept,
  type ConceptSet,
  type ConceptSide,
  checkAgainst,
  countConcepts,
  crossPairs,
  featuresOf,
  overlaps,
} from './concepts/concept_set.ts';
export {
  DISCOVER_DEFAULTS,
  type DiscoverOptions,
  type Discovery,
  discoverOpposites,
  type FeatureText,
  type ProposedConcept,
  type ProposedFeature,
  type ProposedPair,
  type ProposedSide,
} from './concepts/discover.ts';
export { loadConcepts } from './concepts/load_concepts.ts';
export { type Published, publishedFor } from './concepts/published.ts';
export { type ReviewFileOptions, reviewFileText } from './concepts/review_file.ts';
export { AntipodeError, type ErrorKind } from './errors.ts';
export { type CollectOptions, type CorpusRow, collectFeatureStatistics } from './explain/collect.ts';
export { explainFeatures } from './explain/explain_features.ts';
export type { ExplanationKind, FeatureExplanation } from './explain/explanation.ts';
export type { ExportedExplanation } from './explain/export_rows.ts';
export {
  effectiveWords,
  type FeatureStatistics,
  type FeatureWords,
  massShare,
  type WordMass,
} from './explain/statistics.ts';
export type { TopContext } from './explain/top_contexts.ts';
export {
  type ExplanationExport,
  type WrittenExport,
  writeExplanationExport,
} from './explain/write_export.ts';
export type { Explanation, ExplanationLookup } from './features/explanation_lookup.ts';
export { type FeatureRef, neuronpediaUrl, parseFeatureRef } from './features/feature_ref.ts';
export {
  type FetchExplanationsOptions,
  type FetchedExplanations,
  fetchExplanations,
} from './features/fetch_explanations.ts';
export { openExplanations } from './features/open_explanations.ts';
export { type Cell, type Column, rowsOf, type Table } from './formats/table.ts';
export {
  type AntonymTests,
  type AntonymTestsOptions,
  testAntonyms,
} from './geometry/antonym_tests.ts';
export { type CoFiring, type CoFiringCounter, createCoFiringCounter } from './geometry/co_firing.ts';
export type { AntipodalGroup, ClassCount } from './geometry/extreme_facts.ts';
export type { ExtremePair } from './geometry/extremes.ts';
export { type FindExtremesOptions, findExtremes, type SpaceExtremes } from './geometry/find_extremes.ts';
export { type FeatureNeighbors, type FindNeighborsOptions, neighborsOf } from './geometry/find_neighbors.ts';
export type { MeasureSaeOptions } from './geometry/measure_options.ts';
export {
  type MeasuredAntipodality,
  measureSae,
  type SaeGeometry,
} from './geometry/measure_sae.ts';
export type {
  ConceptPairCosine,
  ConceptSummary,
  FeaturePairCosine,
  PairRanks,
  PlacedPair,
  SpaceMeasures,
} from './geometry/measure_space.ts';
export { findNeighbors, type Neighbors } from './geometry/neighbors.ts';
export { classifyPair, type PairClass } from './geometry/pair_class.ts';
export { GEOMETRY_PARTS, type GeometryPart } from './geometry/parts.ts';
export type { PlacedCosine, Population, PopulationQuantile } from './geometry/population.ts';
export {
  type AntonymPower,
  type MeasurePowerOptions,
  measurePower,
  type TestPower,
} from './geometry/power.ts';
export { drawRandomPairs, type FeaturePair } from './geometry/random_pairs.ts';
export { measureSameFeature, type SameFeature } from './geometry/same_feature.ts';
export type { SearchedRows, SearchedSae } from './geometry/searched_rows.ts';
export { type Finding, judgeSpace, type SpaceVerdict, type VerdictInput } from './geometry/verdict.ts';
export type { HubFile, HubFileFacts, HubFiles } from './hub/fetch_wanted.ts';
export type { HfCachedFile, HfFileRequest } from './hub/hf_cache.ts';
export { downloadHfFile, type HfDownloadOptions } from './hub/hf_download.ts';
export { type HfRemoteFile, listHfFolder } from './hub/hf_tree.ts';
export { createHttp, type Http, type HttpOptions } from './hub/http.ts';
export { createHubFiles, type HubFilesOptions } from './hub/hub_files.ts';
export { type Agreement, agreement, CONFUSION_LABELS } from './judge/agreement.ts';
export type { DegenerateThresholds } from './judge/degenerate.ts';
export { type EndState, endOf, type LabelCounts, type Net, netText } from './judge/end_states.ts';
export type { BlindReply, Judge, JudgeExample, JudgeOptions, JudgeSetting, Verdict } from './judge/judge.ts';
export {
  type JudgedReplies,
  type JudgeRepliesOptions,
  judgeExamples,
  judgeReplies,
} from './judge/judge_replies.ts';
export { type JudgedLabel, labelName, type PoleNames, type SteeringLabel } from './judge/labels.ts';
export { createLexiconJudge } from './judge/lexicon/lexicon_judge.ts';
export {
  type ArmOutcome,
  type ArmTest,
  type OutcomeOptions,
  outcome,
  type PlannedArm,
  type SteeringOutcome,
  type VerdictsById,
} from './judge/outcome.ts';
export { openVerdictsFile, type ReplyVerdict, type VerdictsFile } from './judge/verdicts_file.ts';
export { clampEdit, type FeatureClamp } from './lm/clamp_edit.ts';
export { editPerRow, mergeEdits } from './lm/combine_edits.ts';
export { fetchModel, type ModelRequest } from './lm/fetch_model.ts';
export { type GeneratedRow, type GenerateOptions, generate } from './lm/generate.ts';
export { type IsolatedModelOptions, openIsolatedModel } from './lm/isolation/open_isolated_model.ts';
export type {
  Capture,
  Edit,
  ForwardRequest,
  ForwardResult,
  LanguageModel,
  Steering,
} from './lm/language_model.ts';
export type { Observation, ObservedPlace, VectorCapture } from './lm/observe.ts';
export type { Precision, PrecisionChoice } from './lm/precision_names.ts';
export { projectionEdit } from './lm/projection_edit.ts';
export { type ScoreOptions, type ScoreRow, scoreTokens } from './lm/score.ts';
export { type OpenModelOptions, openLanguageModel } from './lm/session.ts';
export { openTokenizer } from './lm/tokenizer/open_tokenizer.ts';
export type { Tokenizer } from './lm/tokenizer/tokenizer.ts';
export type { DeviceChoice, RunningDevice } from './onnx/device.ts';
export type { GeometrySubject } from './report/geometry_subject.ts';
export { geometryTables } from './report/geometry_tables.ts';
export { decode, encode } from './sae/encode.ts';
export { openSaeEncoder, type SaeEncoder, type SaeEncoderOptions } from './sae/encoder_session.ts';
export { type OpenSaeOptions, openSae } from './sae/open.ts';
export type { Architecture, Sae, SaeFile, SaeHeader, SaeIdentity, Space } from './sae/sae.ts';
export { type Antipodality, type AntipodalityOptions, antipodality } from './search/antipodality.ts';
export type { ColumnRange, Shard } from './search/columns.ts';
export { type Extremes, type ExtremesOptions, extremes, extremesBetween } from './search/extremes.ts';
export { type FoundPairs, type FoundSoFar, joinFound, type PartOptions } from './search/found.ts';
export { type MemoryNeed, memoryNeed, type SearchSize } from './search/memory.ts';
export { type MergedParts, mergeParts, type NamedPart } from './search/merge_parts.ts';
export type { NearestRows } from './search/nearest_best.ts';
export { type NearestRowsOptions, nearestRows } from './search/nearest_rows.ts';
export type { CensusEvidence, PairCensus, PairSearchResult, ScoredPair } from './search/pairs.ts';
export { type Asked, type Part, type PartSearch, readPart } from './search/part_file.ts';
export { openPartKeeper, type PartKeeper, type PartPlace } from './search/part_keeper.ts';
export type { RankQuery } from './search/ranks.ts';
export { openRowFile, type RowFile, type RowFileOptions, type RowPlace } from './search/row_file.ts';
export { identifyRows, type RowIdentity } from './search/row_identity.ts';
export { type SampleCensusOptions, type SampledCensus, sampleCensus } from './search/sampled_census.ts';
export { type SearchPairsOptions, searchPairs } from './search/search_pairs.ts';
export type { SearchableRows } from './search/shared_rows.ts';
export {
  type ExpectedExtreme,
  type ExpectedExtremes,
  expectedExtremes,
  normalLaw,
  randomCosineLaw,
  type SymmetricLaw,
} from './stats/expected_extremes.ts';
export type {
  Arm,
  ArmKind,
  ArmPart,
  Pole,
  PolePair,
  SteerMethod,
  SteerPositions,
  StrengthUnit,
} from './steering/arm.ts';
export { type ArticleArmsOptions, articleArms, projectionArms } from './steering/article_arms.ts';
export {
  type CalibrateOptions,
  type Calibration,
  type CalibrationPoint,
  calibrate,
  type PoleCalibration,
} from './steering/calibrate.ts';
export {
  completeSpec,
  type MeanNorm,
  STEERING_DEFAULTS,
  type SteeringSpec,
} from './steering/complete_spec.ts';
export {
  type GenerateRepliesOptions,
  generateReplies,
  type ReplyIntervention,
  type ReplyProgress,
  type ReplyPrompt,
} from './steering/generate_replies.ts';
export {
  inJobOrder,
  pendingJobs,
  type ReplyJob,
  type ReplyJobsOptions,
  replyJobs,
} from './steering/jobs.ts';
export { measureMeanNorm, measureReplyNorm } from './steering/mean_norm.ts';
export { type FoundPair, findPair } from './steering/pole_lookup.ts';
export { createPoleReader, type PoleActivations, type PoleReader } from './steering/pole_reader.ts';
export { readSteeringPlan } from './steering/read_plan.ts';
export { openRepliesFile, type RepliesFile, readReplies } from './steering/replies_file.ts';
export type { ReplyRecord } from './steering/reply_record.ts';
export { type ArmIntervention, type ResolveArmsOptions, resolveArms } from './steering/resolve_arms.ts';
export { planText, type SteeringFacts, type SteeringPlan, steeringPlan } from './steering/steering_plan.ts';
export { type GivenSpec, parseSteeringSpec } from './steering/steering_spec.ts';
export { cosine, type FeatureMatrix, type Matrix, toFeatureMatrix } from './tensor/matrix.ts';
export { normalizeRows } from './tensor/unit_rows.ts';
export {
  type Corpus,
  type FileCorpus,
  memoryCorpus,
  type OpenCorpusOptions,
  openCorpus,
} from './train/corpus/corpus.ts';
export { rowsOfText, splitHeldOut, type TokenRow, tokenRows } from './train/corpus/token_rows.ts';
export { type EvaluateSaeOptions, evaluateSae, type SaeEvaluation } from './train/evaluate/evaluate_sae.ts';
export {
  type ActivationSource,
  type ActivationSourceOptions,
  type HarvestedSource,
  openActivationSource,
} from './train/harvest/activation_source.ts';
export { type HookPoint, parseHookPoint } from './train/harvest/hook_name.ts';
export type { LanguageModelSettings, LanguageModelSettingsGiven } from './train/lm/settings.ts';
export {
  type LanguageModelProgress,
  type LanguageModelTraining,
  type TrainedLanguageModel,
  trainLanguageModel,
} from './train/lm/train_language_model.ts';
export type { TrainingRows } from './train/lm/training_rows.ts';
export { type LanguageModelFiles, writeLanguageModel } from './train/lm/write_language_model.ts';
export type { SaeTrainingSettings } from './train/sae/settings.ts';
export { type TrainingProgress, type TrainSaeOptions, trainSae } from './train/sae/train_sae.ts';
export type { TrainedSae } from './train/sae/trained_sae.ts';
export { type WriteSaeFolderOptions, writeSaeFolder } from './train/sae/write_sae.ts';
