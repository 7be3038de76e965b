using System.Text.Json.Nodes;
using Rlhf.Cli.Options;
using Rlhf.Cli.Tests.Checking;
using Rlhf.Models;
using Rlhf.Training.Checkpointing;

namespace Rlhf.Cli.Tests.Options;

public sealed class ResumedArgumentsTests
{
    private TemporaryFolder _folder = null!;

    private static JsonObject Arguments => new()
    {
        ["env"] = "hopper", ["horizon"] = 0, ["gamma"] = 0.995, ["initial_labels"] = null, ["steps"] = 1000L, ["labels"] = 60, ["seed"] = 3L,
        ["gym_modules"] = new JsonArray("a"), ["threads"] = 2, ["save_steps"] = 20, ["output_dir"] = "here", ["report_to"] = "none",
    };

    [SetUp]
    public void SetUp()
    {
        _folder = new TemporaryFolder();
        TrainingRun.Open(_folder.Path, Arguments);
    }

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [TestCase("seed", "4", "4, but the run in RUN has 3; expected the same to go on with it")]
    [TestCase("env", "\"walker\"", "walker, but the run in RUN has hopper; expected the same to go on with it")]
    [TestCase("gamma", "0.9", "0.9, but the run in RUN has 0.995; expected the same to go on with it")]
    [TestCase("initial_labels", "15", "15, but the run in RUN has the default; expected the same to go on with it")]
    [TestCase("gym_modules", "[]", "[], but the run in RUN has [\"a\"]; expected the same to go on with it")]
    [TestCase("steps", "999", "999, but the run in RUN has 1000; expected at least as many to go on with it")]
    [TestCase("labels", "20", "20, but the run in RUN has 60; expected at least as many to go on with it")]
    public void WhatMakesTheExperiment_MayNotDiffer(string name, string value, string expected) => Assert.That(
        () => ResumedArguments.RequireSame(_folder.Path, With(name, value)),
        Throws.TypeOf<DataFormatException>().With.Message.EqualTo($"--{name}: {expected.Replace("RUN", _folder.Path)}"));

    [TestCase("seed", "3")]
    [TestCase("steps", "1001")]
    [TestCase("labels", "61")]
    [TestCase("threads", "1")]
    [TestCase("save_steps", "0")]
    [TestCase("output_dir", "\"there\"")]
    [TestCase("report_to", "\"tensorboard\"")]
    [TestCase("an_option_of_today", "1")]
    public void TheRest_May(string name, string value) => Assert.That(() => ResumedArguments.RequireSame(_folder.Path, With(name, value)), Throws.Nothing);

    [Test]
    public void AFinishedRun_TakesNoMoreSteps()
    {
        TrainingRun.Open(_folder.Path, Arguments).Finish(7, _ => { });
        Assert.That(() => ResumedArguments.RequireSame(_folder.Path, Arguments), Throws.Nothing);
        Assert.That(
            () => ResumedArguments.RequireSame(_folder.Path, With("steps", "1001")),
            Throws.TypeOf<DataFormatException>().With.Message.EqualTo($"--steps: 1001, but the run in {_folder.Path} has 1000 and is finished; expected the same to go on with it"));
    }

    [Test]
    public void ARunWithoutSettings_MayHaveAny_AndAFileThatIsNone_IsNamed()
    {
        string path = Path.Combine(_folder.Path, "training_args.json");
        File.WriteAllText(path, "[1");
        Assert.That(() => ResumedArguments.RequireSame(_folder.Path, Arguments), Throws.TypeOf<DataFormatException>().With.Message.EqualTo($"{path}: malformed, expected the settings of a run"));
        File.Delete(path);
        Assert.That(() => ResumedArguments.RequireSame(_folder.Path, With("seed", "4")), Throws.Nothing);
    }

    private static JsonObject With(string name, string value)
    {
        JsonObject arguments = Arguments;
        arguments[name] = JsonNode.Parse(value);
        return arguments;
    }
}
