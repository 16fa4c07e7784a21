#include "engine/quantize/search.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <queue>

#include "engine/artifact/step_cost.h"

namespace pawl::engine {
namespace {

constexpr size_t kRankingFrames = 4;
constexpr size_t kBoundFrames = 16;       // for a bound in decibels
constexpr size_t kReturnsMax = 8;         // layers that are tried on 8 bits again at the end
constexpr double kCostFloorShare = 0.01;  // of the INT8 plan: no gain is for nothing

// A plan on the ranking frames.
struct Trial {
  KeptFloat kept;
  double noise = 0.0;
  double estimated_ms = 0.0;
  double median_ms = 0.0;
};

// A layer that might be kept next.
struct Candidate {
  int32_t node = 0;
  double score = 0.0;  // noise taken away per millisecond
  bool operator<(const Candidate& other) const {
    return score != other.score ? score < other.score : node > other.node;
  }
};

std::string decimals(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, value);
  return text;
}

class Search {
 public:
  Search(Quantizer* quantizer, const BuildArtifact& build, const AccuracyBound& bound,
         kernels::Isa isa)
      : quantizer_(quantizer),
        build_(build),
        bound_(bound),
        isa_(isa),
        candidates_(quantizer->candidates()) {}

  Result<SearchResult> run();

 private:
  size_t plans_at_most() const;
  bool measures_accuracy() const { return bound_.measure != nullptr; }
  void count_plan();
  double cost_of(const Artifact& artifact) const {
    return plan_ms(artifact.tensors(), artifact.steps(), isa_);
  }
  Result<Artifact> artifact_of(const KeptFloat& kept);
  Result<Trial> try_plan(KeptFloat kept);
  Result<double> measure(const KeptFloat& kept);
  Status measure_float();
  Result<std::priority_queue<Candidate>> rank(const Trial& all_int8);
  double score(const Trial& before, const Trial& after) const;
  Result<size_t> find_length();
  Status extend_path(size_t length);
  Result<bool> meets(size_t length);
  Status give_back();
  Error out_of_reach() const;

  Quantizer* quantizer_;
  const BuildArtifact& build_;
  const AccuracyBound& bound_;
  const kernels::Isa isa_;
  const std::vector<int32_t> candidates_;
  std::vector<std::byte> bytes_;  // of the last artifact
  std::optional<ReferenceOutputs> ranking_reference_, bound_reference_;
  std::priority_queue<Candidate> queue_;
  std::vector<Trial> path_;  // by number of layers kept
  std::vector<int32_t> picked_;
  std::map<int32_t, double> dearer_;  // milliseconds of a layer alone in float
  SearchResult result_;
};

// Ranking, the path with a second look at every step, the bound along it, and the layers given
// back.
size_t Search::plans_at_most() const {
  const size_t layers = candidates_.size();
  const auto halvings = static_cast<size_t>(std::ceil(std::log2(static_cast<double>(layers + 1))));
  return 3 + 3 * layers + 2 * halvings + kReturnsMax;
}

void Search::count_plan() {
  ++result_.plans;
  if (bound_.progress) bound_.progress(result_.plans, plans_at_most());
}

Result<Artifact> Search::artifact_of(const KeptFloat& kept) {
  const GraphQuantization quantization = quantizer_->decide(kept);
  bytes_ = PAWL_TRY(build_(&quantization));
  return Artifact::from_bytes(bytes_, "plan");
}

Result<Trial> Search::try_plan(KeptFloat kept) {
  const Artifact artifact = PAWL_TRY(artifact_of(kept));
  const auto difference = PAWL_TRY(ranking_reference_->compare(artifact));
  count_plan();
  return Trial{std::move(kept), difference.noise(), cost_of(artifact), difference.median_ms};
}

// In the bound's unit.
Result<double> Search::measure(const KeptFloat& kept) {
  const Artifact artifact = PAWL_TRY(artifact_of(kept));
  count_plan();
  if (measures_accuracy()) return bound_.measure(artifact);
  const auto difference = PAWL_TRY(bound_reference_->compare(artifact));
  return decibels(difference.noise());
}

Status Search::measure_float() {
  bytes_ = PAWL_TRY(build_(nullptr));
  const Artifact plain = PAWL_TRY(Artifact::from_bytes(bytes_, "float plan"));
  const size_t frames = bound_.frames->count();
  ranking_reference_ = PAWL_TRY(
      ReferenceOutputs::record(plain, *bound_.frames, spread_frames(frames, kRankingFrames)));
  result_.float_estimated_ms = cost_of(plain);
  if (measures_accuracy()) {
    result_.float_accuracy = PAWL_TRY(bound_.measure(plain));
    result_.required = *result_.float_accuracy - bound_.max_drop;
  } else {
    bound_reference_ = PAWL_TRY(
        ReferenceOutputs::record(plain, *bound_.frames, spread_frames(frames, kBoundFrames)));
    result_.required = bound_.min_sqnr_db;
  }
  count_plan();
  return {};
}

double Search::score(const Trial& before, const Trial& after) const {
  const double floor = kCostFloorShare * path_.front().estimated_ms;
  return (before.noise - after.noise) / std::max(after.estimated_ms - before.estimated_ms, floor);
}

Result<std::priority_queue<Candidate>> Search::rank(const Trial& all_int8) {
  std::priority_queue<Candidate> queue;
  for (const int32_t node : candidates_) {
    const Trial alone = PAWL_TRY(try_plan({{node, {}}}));
    queue.push({node, score(all_int8, alone)});
    dearer_[node] = alone.estimated_ms - all_int8.estimated_ms;
    result_.ranking.push_back({quantizer_->node(node).name,
                               decibels(alone.noise) - decibels(all_int8.noise), dearer_[node]});
  }
  return queue;
}

// Takes the best candidates until `length` are kept. A score is out of date once another layer was
// kept; it rarely grows, so the best of the two that come out on top is taken.
Status Search::extend_path(size_t length) {
  while (picked_.size() < length) {
    const Trial& before = path_.back();
    std::optional<Trial> best;
    Candidate taken;
    std::vector<Candidate> passed_over;
    for (int look = 0; look < 2 && !queue_.empty(); ++look) {
      Candidate candidate = queue_.top();
      if (best && taken.score >= candidate.score) break;
      queue_.pop();
      KeptFloat kept = before.kept;
      kept[candidate.node] = {};
      Trial after = PAWL_TRY(try_plan(std::move(kept)));
      candidate.score = score(before, after);
      if (!best || taken.score < candidate.score) {
        if (best) passed_over.push_back(taken);
        taken = candidate;
        best = std::move(after);
      } else {
        passed_over.push_back(candidate);
      }
    }
    for (const Candidate& candidate : passed_over) queue_.push(candidate);
    picked_.push_back(taken.node);
    result_.path.push_back({.float_layers = static_cast<int32_t>(picked_.size()),
                            .sqnr_db = decibels(best->noise),
                            .estimated_ms = best->estimated_ms,
                            .median_ms = best->median_ms});
    path_.push_back(*std::move(best));
  }
  return {};
}

Result<bool> Search::meets(size_t length) {
  PAWL_TRY(extend_path(length));
  const double found = PAWL_TRY(measure(path_[length].kept));
  result_.path[length].measured = found;
  return found >= result_.required;
}

// The fewest layers of the path that meet the bound; kExhausted if even all but one do not.
Result<size_t> Search::find_length() {
  const size_t most = candidates_.size() - 1;
  size_t fails = 0;
  size_t holds = 0;
  for (size_t length = 1; holds == 0; length = std::min(2 * length, most)) {
    if (fails >= most) return out_of_reach();
    const bool met = PAWL_TRY(meets(length));
    (met ? holds : fails) = length;
  }
  while (holds - fails > 1) {
    const size_t middle = fails + (holds - fails) / 2;
    const bool met = PAWL_TRY(meets(middle));
    (met ? holds : fails) = middle;
  }
  return holds;
}

Status Search::give_back() {
  std::vector<int32_t> dearest(picked_.begin(), picked_.end() - 1);  // the last one was needed
  std::stable_sort(dearest.begin(), dearest.end(),
                   [this](int32_t a, int32_t b) { return dearer_[a] > dearer_[b]; });
  if (dearest.size() > kReturnsMax) dearest.resize(kReturnsMax);
  for (const int32_t node : dearest) {
    KeptFloat fewer = result_.kept;
    fewer.erase(node);
    const double found = PAWL_TRY(measure(fewer));
    if (found < result_.required) continue;
    result_.kept = std::move(fewer);
    result_.reached = found;
  }
  return {};
}

Error Search::out_of_reach() const {
  double best = result_.all_int8;
  int32_t kept = 0;
  for (const SearchPoint& point : result_.path) {
    if (!point.measured || *point.measured <= best) continue;
    best = *point.measured;
    kept = point.float_layers;
  }
  const std::string layers = std::to_string(candidates_.size() - static_cast<size_t>(kept)) +
                             " of " + std::to_string(candidates_.size()) + " layers in INT8";
  if (measures_accuracy()) {
    return Error{Code::kExhausted,
                 "no INT8 plan stays within " + decimals(bound_.max_drop, 2) +
                     " points of the float plan's " + decimals(*result_.float_accuracy, 2) +
                     ": the best, with " + layers + ", reaches " + decimals(best, 2) + ", " +
                     decimals(result_.required - best, 2) +
                     " short; allow a larger --max-drop or compile without --int8"};
  }
  return Error{Code::kExhausted, "no INT8 plan keeps " + decimals(result_.required, 1) +
                                     " dB at its outputs: the best, with " + layers + ", has " +
                                     decimals(best, 1) + " dB, " +
                                     decimals(result_.required - best, 1) +
                                     " short; ask for a smaller --min-sqnr or compile without "
                                     "--int8"};
}

Result<SearchResult> Search::run() {
  PAWL_TRY(measure_float());
  path_.push_back(PAWL_TRY(try_plan({})));
  result_.all_int8 = PAWL_TRY(measure({}));
  const Trial& all_int8 = path_.front();
  result_.int8_estimated_ms = all_int8.estimated_ms;
  result_.path.push_back({.float_layers = 0,
                          .sqnr_db = decibels(all_int8.noise),
                          .measured = result_.all_int8,
                          .estimated_ms = all_int8.estimated_ms,
                          .median_ms = all_int8.median_ms});
  result_.reached = result_.all_int8;
  if (result_.all_int8 < result_.required) {
    if (candidates_.size() < 2) return out_of_reach();
    queue_ = PAWL_TRY(rank(all_int8));
    const size_t length = PAWL_TRY(find_length());
    picked_.resize(length);
    result_.kept = path_[length].kept;
    result_.reached = *result_.path[length].measured;
    PAWL_TRY(give_back());
  }
  for (auto& [node, why] : result_.kept) why = "needed for the accuracy asked for";
  const Artifact chosen = PAWL_TRY(artifact_of(result_.kept));
  result_.estimated_ms = cost_of(chosen);
  return std::move(result_);
}

}  // namespace

Result<SearchResult> search_precision(Quantizer* quantizer, const BuildArtifact& build,
                                      const AccuracyBound& bound, kernels::Isa isa) {
  return Search(quantizer, build, bound, isa).run();
}

}  // namespace pawl::engine
