#include "clients/cpp/genledgerctl/models_command.h"

#include <memory>
#include <string>
#include <vector>

#include "clients/cpp/client.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/table.h"
#include "clients/cpp/genledgerctl/text.h"

namespace genledger::ctl {
namespace {

template <typename Texts>
std::string Join(const Texts& texts) {
  std::string joined;
  for (const std::string& text : texts) {
    joined += (joined.empty() ? "" : ",") + text;
  }
  return joined.empty() ? "-" : joined;
}

std::string Durations(const v1::Model& model) {
  std::vector<std::string> texts;
  for (const int32_t seconds : model.durations()) {
    texts.push_back(std::to_string(seconds) + "s");
  }
  return Join(texts);
}

std::string YesNo(bool value) { return value ? "yes" : "no"; }

std::string ModelsText(const std::vector<v1::Model>& models, bool color) {
  Table table({"NAME", "DURATIONS", "ASPECT_RATIOS", "RESOLUTIONS", "TYPES", "IMAGES", "GIF",
               "FALLBACK", "DESCRIPTION"},
              color);
  for (const v1::Model& model : models) {
    table.AddRow({{model.name()},
                  {Durations(model)},
                  {Join(model.aspect_ratios())},
                  {Join(model.resolutions())},
                  {Join(model.generation_types())},
                  {std::to_string(model.image_urls_max())},
                  {YesNo(model.supports_gif())},
                  {YesNo(model.supports_official_fallback())},
                  {model.description()}});
  }
  return table.Render();
}

ExitCode Run(const Arguments& /*arguments*/, const GlobalFlags& global, const Terminal& terminal) {
  client::Result<std::unique_ptr<client::Client>> client = client::Client::Create(global.client);
  if (!client.ok()) {
    return ReportUsage("models", client.error().message, terminal);
  }
  const client::Result<std::vector<v1::Model>> models = (*client)->ListModels();
  if (!models.ok()) {
    return ReportError(models.error(), global, terminal);
  }
  if (global.output == Output::kJson) {
    v1::ListModelsResponse response;
    response.mutable_models()->Assign(models->begin(), models->end());
    *terminal.out << MessageToJson(response);
  } else if (global.output == Output::kTable) {
    *terminal.out << ModelsText(*models, terminal.color);
  } else {
    for (const v1::Model& model : *models) {
      *terminal.out << Printable(model.name()) << "\n";
    }
  }
  return ExitCode::kOk;
}

}  // namespace

const Command kModelsCommand = {
    .name = "models",
    .summary = "list the models and what each accepts",
    .operands = "",
    .description = "The table that the server validates with. --output=id prints the names.",
    .flags = {},
    .examples = "  genledgerctl models\n",
    .run = Run,
};

}  // namespace genledger::ctl
