using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Cli.Tests.Checking;

public sealed class CheckVerbTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Create() => _folder = new TemporaryFolder();

    [TearDown]
    public void Delete() => _folder.Dispose();

    [Test]
    public async Task Check_Passes_WhenAllExpectedTensorsAgree()
    {
        CaseBuilder.Gae().Write(_folder.Path);
        (int code, string output, string error) = await Cli.CheckAsync(_folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(output, Is.EqualTo("1 passed, 0 failed, 0 skipped\n"));
            Assert.That(code, Is.Zero);
            Assert.That(error, Is.Empty);
        });
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public async Task Check_FindsTheSameCase_FromRootFamilyOrCase(int up)
    {
        string folder = CaseBuilder.Gae().Write(_folder.Path);
        for (int i = 0; i < up; i++)
            folder = Path.GetDirectoryName(folder)!;
        (int code, string output, _) = await Cli.CheckAsync(folder);
        Assert.That((code, output), Is.EqualTo((0, "1 passed, 0 failed, 0 skipped\n")));
    }

    [Test]
    public async Task Check_NamesTheWorstElement_WhenAnExpectedValueDiffers()
    {
        CaseBuilder.Gae().Floats("adv_0", "expected", [1, 2], 3.5f, 2.001f).Write(_folder.Path);
        await Fails("FAILED gae/small: adv_0[0, 0]: got 3, expected 3.5, error 0.5, tolerance 3.6E-05 (2 of 2 elements)");
    }

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    [TestCase(float.NegativeInfinity)]
    public async Task Check_Fails_WhenWhatIsExpectedIsNotFinite(float expected)
    {
        CaseBuilder.Gae().Floats("adv_0", "expected", [1, 2], 3, expected).Write(_folder.Path);
        await Fails("adv_0[0, 1]: got 2, expected");
    }

    [Test]
    public async Task Check_Fails_NamingAnArgumentThatIsNotUnderstood()
    {
        CaseBuilder.Gae().Change(c => c.Arguments["bootstrap_rule"] = "v-trace").Write(_folder.Path);
        await Fails("FAILED gae/small: argument 'bootstrap_rule' is not understood");
    }

    [Test]
    public async Task Check_Fails_NamingAnInputThatIsNotUnderstood()
    {
        CaseBuilder.Gae().Floats("importance_weights", "input", [2], 1, 1).Write(_folder.Path);
        await Fails("input tensor 'importance_weights' is not understood");
    }

    [Test]
    public async Task Check_Fails_NamingAnExpectedTensorThatIsNotComputed()
    {
        CaseBuilder.Gae().Floats("adv_1", "expected", [1, 2], 3, 2).Write(_folder.Path);
        await Fails("expected tensor 'adv_1' is not computed");
    }

    [Test]
    public async Task Check_Fails_NamingAnExpectedScalarThatIsNotComputed()
    {
        CaseBuilder.Gae().Change(c => c.Scalars["losses"] = new JsonObject { ["total"] = 1.5 }).Write(_folder.Path);
        await Fails("expected scalar 'losses/total' is not computed");
    }

    [Test]
    public async Task Check_Fails_NamingAFieldOfExpectationsThatIsNotUnderstood()
    {
        CaseBuilder.Gae().Change(c => c.Top["expected_strings"] = new JsonArray("a")).Write(_folder.Path);
        await Fails("field 'expected_strings' is not understood");
    }

    [Test]
    public async Task Check_DoesNotCompareInfoTensors()
    {
        CaseBuilder.Gae().Floats("adv_in_bf16", "info", [1, 2], 77, 78).Write(_folder.Path);
        (int code, _, _) = await Cli.CheckAsync(_folder.Path);
        Assert.That(code, Is.Zero);
    }

    [TestCase(1, 0, 0)]
    [TestCase(0, 1, 1)]
    public async Task Check_ComparesOnlyWhereTheCaseSaysSo(int first, int second, int expectedCode)
    {
        CaseBuilder.Gae()
            .Floats("adv_0", "expected", [1, 2], 3, 99)
            .Integers("counted", "input", [1, 2], first, second)
            .Change(c => c.Tensor("adv_0")["compare_where"] = "counted==1")
            .Write(_folder.Path);
        (int code, string output, _) = await Cli.CheckAsync(_folder.Path);
        Assert.That(code, Is.EqualTo(expectedCode), output);
    }

    [TestCase("counted>1")]
    [TestCase("nothing==1")]
    [TestCase("counted==other")]
    public async Task Check_Fails_WhenAConditionIsNotUnderstood(string condition)
    {
        CaseBuilder.Gae().Integers("counted", "input", [1, 2], 1, 1).Change(c => c.Tensor("adv_0")["compare_where"] = condition).Write(_folder.Path);
        await Fails($"tensor 'adv_0': compare_where '{condition}' is not understood");
    }

    [Test]
    public async Task Check_GivesTheSameOutcome_WhateverTheCaseIsCalled()
    {
        CaseBuilder.Gae().Change(c => c.Name = "tb_T64_B3").Write(_folder.Path);
        CaseBuilder.Gae().Floats("ret_0", "expected", [1, 2], 3, 3).Change(c => c.Name = "bt_B4_T1").Write(_folder.Path);
        (_, string output, _) = await Cli.CheckAsync(_folder.Path);
        Assert.That(output, Does.StartWith("FAILED gae/bt_B4_T1: ret_0[0, 1]").And.EndsWith("1 passed, 1 failed, 0 skipped\n"));
    }

    [TestCase(1e-3f, 0f, 0)]
    [TestCase(0f, 1e-3f, 1)]
    [TestCase(3e-3f, 0f, 1)]
    public async Task Check_AppliesANoteOnLargeLogits_ToTheRowsThatHaveThem(float errorOfLarge, float errorOfSmall, int expectedCode)
    {
        CaseBuilder.Logits(errorOfLarge, errorOfSmall).Write(_folder.Path);
        (int code, string output, _) = await Cli.CheckAsync(_folder.Path);
        Assert.That(code, Is.EqualTo(expectedCode), output);
    }

    [TestCase(3f, 0)]
    [TestCase(300f, 1)]
    public async Task Check_ScalesTheGradientsToleranceByTheLargestWeight(float error, int expectedCode)
    {
        // Certain tokens have no gradient; the tolerance is atol · max |weight| = 1e-6 · 10.
        CaseBuilder.Logits()
            .Floats("weight", "input", [2], -10, 1)
            .Floats("grad_logprob_logits", "expected", [2, 2], 0, 0, error * 1e-6f, 0)
            .Write(_folder.Path);
        (int code, string output, _) = await Cli.CheckAsync(_folder.Path);
        Assert.That(code, Is.EqualTo(expectedCode), output);
    }

    [Test]
    public async Task Check_SkipsAFamilyThatNothingImplements_ByName()
    {
        CaseBuilder.Gae().Change(c => c.Family = "telepathy").Write(_folder.Path);
        (int code, string output, _) = await Cli.CheckAsync(_folder.Path);
        Assert.That(code, Is.Zero);
        Assert.That(output, Is.EqualTo("SKIPPED telepathy/small: family 'telepathy' is not implemented\n0 passed, 0 failed, 1 skipped\n"));
    }

    [Test]
    public async Task Check_RunsOnlyCasesThatTheFilterNames()
    {
        CaseBuilder.Gae().Write(_folder.Path);
        CaseBuilder.Gae().Change(c => c.Name = "other").Write(_folder.Path);
        (_, string output, _) = await Cli.CheckAsync(_folder.Path, "--filter", "gae/OTH");
        Assert.That(output, Is.EqualTo("1 passed, 0 failed, 0 skipped\n"));
    }

    [Test]
    public async Task Check_WritesOneJsonRowACase()
    {
        CaseBuilder.Gae().Floats("adv_0", "expected", [1, 2], 3, float.PositiveInfinity).Write(_folder.Path);
        CaseBuilder.Gae().Change(c => c.Family = "telepathy").Write(_folder.Path);
        string file = Path.Combine(_folder.Path, "rows.json");
        await Cli.CheckAsync(_folder.Path, "--json", file, "--backend", "cpu-scalar");
        using JsonDocument rows = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        JsonElement failed = rows.RootElement[0], skipped = rows.RootElement[1];
        Assert.Multiple(() =>
        {
            Assert.That(rows.RootElement.GetArrayLength(), Is.EqualTo(2));
            Assert.That(
                failed.EnumerateObject().Select(field => field.Name),
                Is.EqualTo(new[] { "family", "case", "backend", "status", "worst_tensor", "worst_error", "tolerance" }));
            Assert.That(failed.GetProperty("family").GetString(), Is.EqualTo("gae"));
            Assert.That(failed.GetProperty("case").GetString(), Is.EqualTo("small"));
            Assert.That(failed.GetProperty("backend").GetString(), Is.EqualTo("cpu-scalar"));
            Assert.That(failed.GetProperty("status").GetString(), Is.EqualTo("failed"));
            Assert.That(failed.GetProperty("worst_tensor").GetString(), Is.EqualTo("adv_0[0, 1]"));
            Assert.That(failed.GetProperty("worst_error").GetString(), Is.EqualTo("Infinity"));
            Assert.That(failed.GetProperty("tolerance").GetDouble(), Is.Zero);
            Assert.That(skipped.GetProperty("status").GetString(), Is.EqualTo("skipped"));
            Assert.That(skipped.GetProperty("worst_error").ValueKind, Is.EqualTo(JsonValueKind.Null));
        });
    }

    private async Task Fails(string line)
    {
        (int code, string output, string error) = await Cli.CheckAsync(_folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(output, Does.Contain(line));
            Assert.That(output.Split('\n'), Has.Length.EqualTo(3), "one line and the totals");
            Assert.That(output, Does.EndWith("0 passed, 1 failed, 0 skipped\n"));
            Assert.That(error, Is.Empty);
            Assert.That(code, Is.EqualTo(1));
        });
    }
}
