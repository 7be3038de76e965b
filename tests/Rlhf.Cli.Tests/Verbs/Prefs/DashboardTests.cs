using System.Net;
using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Checking;
using Rlhf.Cli.Verbs.Prefs.Dashboard;
using Rlhf.Preferences;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Cli.Tests.Verbs.Prefs;

public sealed class DashboardTests
{
    private static readonly PreferenceStatus Status = new(2000, 10000, 30, 40, 70, 10, 500, 600, "waits for labels: 30 of 40", null, null);

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new TemporaryFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [Test]
    public void Body_SaysWhereARunStands_AndWhatWaits()
    {
        new RunRecorder(_folder.Path).Changed(Status);
        string body = RunReport.Body(_folder.Path);
        Assert.That(body, Does.Contain("waits for labels: 30 of 40").And.Contain("Step 2,000 of 10,000").And.Contain("30 of 70 labels").And.Contain("first update has not"));
    }

    [Test]
    public void Body_DrawsWhatWasLogged()
    {
        File.WriteAllText(
            Path.Combine(_folder.Path, "metrics.jsonl"),
            "{\"time/total_timesteps\":1000,\"rollout/ep_rew_mean\":5,\"preferences/labels\":10,\"preferences/planned_labels\":12,\"preferences/disagreement\":0.04}\n"
            + "{\"time/total_timesteps\":2000,\"rollout/ep_rew_mean\":7.25,\"preferences/labels\":30,\"preferences/planned_labels\":40}\n");
        string body = RunReport.Body(_folder.Path);
        Assert.That(body, Does.Contain("<b>7.25</b>true return").And.Contain("True return an episode").And.Contain("Labels against plan"));
        Assert.That(body, Does.Contain("variance of P(first is better) over its members"), "as the metric is defined");
        Assert.That(body, Does.Not.Contain("λ of L2"), "nothing logged, nothing drawn");
    }

    [Test]
    public void Recorder_KeepsTheNewestClips_WithTrueAndPredictedReward()
    {
        var recorder = new RunRecorder(_folder.Path);
        recorder.Started(Run(), new PreferenceOptions(), 0);
        recorder.Filmed(Clip(step: 7), [0.5f, float.NaN]);

        JsonNode reel = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder.Path, "films.json")))!;
        JsonNode film = reel["films"]!.AsArray().Single()!;
        Assert.Multiple(() =>
        {
            Assert.That((int)reel["framesPerSecond"]!, Is.EqualTo(20));
            Assert.That((int)reel["scene"]!["version"]!, Is.EqualTo(1));
            Assert.That((int)film["step"]!, Is.EqualTo(7));
            Assert.That(Convert.FromBase64String((string)film["data"]!), Has.Length.EqualTo(2 * 6 * 4));
            Assert.That(film["true"]!.AsArray().Select(value => (double)value!), Is.EqualTo(new[] { 1.0, 2.0 }));
            Assert.That(film["predicted"]!.AsArray().Select(value => (double)value!), Is.EqualTo(new[] { 0.5, 0.0 }), "JSON has no NaN");
        });
    }

    [Test]
    public void Page_IsCompleteInItself()
    {
        var recorder = new RunRecorder(_folder.Path);
        recorder.Started(Run(), new PreferenceOptions(), 0);
        recorder.Filmed(Clip(step: 7), [0, 1]);
        string page = RunReport.Page(_folder.Path);
        Assert.That(page, Does.Contain("class Player").And.Contain("class ScenePainter").And.Contain("\"films\""));
        Assert.That(page, Does.Not.Contain("http").And.Not.Contain("\nimport ").And.Not.Contain("\nexport "));
    }

    [Test]
    public async Task Server_ServesTheRunsFolder_ToThisMachineUnderItsOwnNameOnly()
    {
        new RunRecorder(_folder.Path).Changed(Status);
        await using DashboardServer server = await DashboardServer.StartAsync(_folder.Path, port: 0);
        using var client = new HttpClient { BaseAddress = server.Address };
        string page = await client.GetStringAsync("/"), body = await client.GetStringAsync("/body"), films = await client.GetStringAsync("/films");
        using var foreign = new HttpRequestMessage(HttpMethod.Get, "/body") { Headers = { Host = "elsewhere.example" } };
        using HttpResponseMessage refused = await client.SendAsync(foreign);
        Assert.Multiple(() =>
        {
            Assert.That(page, Does.Contain("id=live"));
            Assert.That(body, Does.Contain("30 of 70 labels"));
            Assert.That(films, Is.EqualTo("null"));
            Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.MisdirectedRequest));
        });
    }

    [Test]
    public async Task Watch_NamesAFolderThatIsMissing()
    {
        (int code, _, string error) = await Checking.Cli.RunAsync(["prefs", "watch", "--output_dir", Path.Combine(_folder.Path, "none")]);
        Assert.That((code, error), Is.EqualTo((1, $"rlhf: {Path.Combine(_folder.Path, "none")}: missing, expected the folder of a run of prefs train\n")));
    }

    private static PreferenceRun Run() => new() { Name = "r", Environment = "hopper", Instructions = "right", Scene = "{\"version\":1,\"shapes\":[{}]}", FramesPerSecond = 20 };

    private static RecordedClip Clip(long step) => new(
        new Segment { RunId = 1, Step = step, Length = 2, ObservationShape = [1], Observations = [0, 0], Actions = [0, 0], Poses = new float[12] }, [1, 2]);
}
