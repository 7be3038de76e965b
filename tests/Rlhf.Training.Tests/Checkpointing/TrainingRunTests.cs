using Rlhf.Models;
using Rlhf.TestSupport;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Tests.Checkpointing;

[TestFixture]
internal sealed class TrainingRunTests
{
    private TemporaryDirectory _directory = null!;
    private TrainingRun _run = null!;

    [SetUp]
    public void SetUp()
    {
        _directory = new TemporaryDirectory();
        _run = TrainingRun.Open(_directory.Combine("run"), new() { ["learning_rate"] = 0.5 });
    }

    [TearDown]
    public void TearDown() => _directory.Dispose();

    [Test]
    public void SaveCheckpoint_ReplacesTheOlderOne_OnceItIsWhole()
    {
        _run.SaveCheckpoint(9, WriteState(9));

        _run.SaveCheckpoint(10, WriteState(10));

        Assert.Multiple(() =>
        {
            Assert.That(TrainingRun.ReadState(TrainingRun.LatestCheckpoint(_run.Directory)).Step, Is.EqualTo(10));
            Assert.That(Directory.GetDirectories(_run.Directory).Select(Path.GetFileName), Is.EqualTo(new[] { "checkpoint-10" }));
        });
    }

    [Test]
    public void HasCheckpoint_CountsWholeOnesOnly()
    {
        Directory.CreateDirectory(Path.Combine(_run.Directory, "checkpoint-3.tmp"));
        bool before = TrainingRun.HasCheckpoint(_run.Directory);
        _run.SaveCheckpoint(4, WriteState(4));
        Assert.That((before, TrainingRun.HasCheckpoint(_run.Directory)), Is.EqualTo((false, true)));
    }

    [Test]
    public void SaveCheckpoint_KeepsTheLastGoodOne_WhenWritingFails()
    {
        _run.SaveCheckpoint(1, WriteState(1));

        Assert.That(() => _run.SaveCheckpoint(2, _ => throw new IOException("disk full")), Throws.TypeOf<IOException>());

        Assert.That(Directory.GetDirectories(_run.Directory).Select(Path.GetFileName), Is.EqualTo(new[] { "checkpoint-1" }));
    }

    [Test]
    public void SaveCheckpoint_KeepsTheLastGoodOne_WhenAWeightIsNotFinite()
    {
        using var weights = Pinned.Of([1f, float.NaN]);
        using var gradients = Pinned.Zeros<float>(2);
        _run.SaveCheckpoint(1, WriteState(1));

        Assert.That(
            () => _run.SaveCheckpoint(2, WriteState(2), new ParameterBuffers(weights, gradients, [new Parameter("wte.weight", [2], 0)])),
            Throws.TypeOf<TrainingDivergedException>().With.Message.Contains("'wte.weight'"));

        Assert.That(TrainingRun.LatestCheckpoint(_run.Directory), Does.EndWith("checkpoint-1"));
    }

    [Test]
    public void Finish_CountsOnceTheModelIsThere_UntilARunBeginsAnew()
    {
        string directory = _run.Directory;
        _run.SaveCheckpoint(1, WriteState(1));
        Assert.That(() => _run.Finish(2, _ => throw new IOException("disk full")), Throws.TypeOf<IOException>());
        Assert.That((TrainingRun.IsFinished(directory), TrainingRun.HasCheckpoint(directory)), Is.EqualTo((false, true)), "to go on from");

        _run.Finish(2, model => Assert.That(TrainingRun.HasCheckpoint(directory), "the model comes first"));
        Assert.That((TrainingRun.IsFinished(directory), TrainingRun.HasCheckpoint(directory)), Is.EqualTo((true, false)));
        TrainingRun.Open(directory, [], resume: true);
        Assert.That(TrainingRun.IsFinished(directory));
        TrainingRun.Open(directory, []);
        Assert.That(TrainingRun.IsFinished(directory), Is.False);
    }

    [Test]
    public void ReadState_NamesTheFile_WhenAFieldIsMissing()
    {
        _run.SaveCheckpoint(1, directory => File.WriteAllText(Path.Combine(directory, "trainer_state.json"), """{"Step": 1}"""));

        Assert.That(
            () => TrainingRun.ReadState(TrainingRun.LatestCheckpoint(_run.Directory)),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("trainer_state.json"));
    }

    [Test]
    public void LatestCheckpoint_NamesTheDirectory_WhenThereIsNone() =>
        Assert.That(() => TrainingRun.LatestCheckpoint(_run.Directory), Throws.TypeOf<DataFormatException>().With.Message.StartsWith(_run.Directory));

    [Test]
    public void Open_RemovesOlderCheckpoints_UnlessItResumes([Values] bool resume)
    {
        _run.SaveCheckpoint(1, WriteState(1));

        TrainingRun.Open(_run.Directory, [], resume);

        Assert.That(Directory.GetDirectories(_run.Directory), Has.Length.EqualTo(resume ? 1 : 0));
    }

    [Test]
    public void Open_RefusesAFile()
    {
        string path = _directory.Lines("file", "text");

        Assert.That(() => TrainingRun.Open(path, []), Throws.TypeOf<DataFormatException>().With.Message.StartsWith(path));
    }

    private static Action<string> WriteState(int step) => directory => TrainingRun.WriteState(directory, new TrainerState(step, 100));
}
