// The steady state of a lockstep run allocates nothing. Counted is every call of malloc by the Swift runtime, through
// which all of Swift's memory comes: objects, array buffers, boxes, and what is allocated by pointer. The calls are
// caught where the runtime's library keeps the address of malloc (its global offset table). Defining a malloc in the
// test executable would do the same with less code, but that is what sanitizers do; and the hook that the runtime
// offers for `swift_allocObject` does not keep to its own calling convention on Linux.

#if os(Linux)
  import Experiments
  import Glibc
  import Lockstep
  import Testing
  import Training

  @testable import Sharing

  @Suite(.serialized) struct AllocationTests {
    @Test func anAllocationIsNoticed() throws {
      let arrays = try allocations {
        for length in 1...3 { sink = [Int](repeating: 0, count: length) }
      }
      #expect(arrays == 3)
      let memory = try allocations { UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 64).deallocate() }
      #expect(memory == 1)
      #expect(try allocations {} == 0)
    }

    @Test(arguments: SharingProtocol.allCases, Schedule.allCases)
    func theSteadyStateAllocatesNothing(sharing: SharingProtocol, schedule: Schedule) throws {
      var configuration = Preset.sjtu.configuration
      (configuration.sharing, configuration.workers, configuration.episodes) = (sharing, 4, 2000)
      (configuration.network.actor, configuration.network.critic, configuration.maxSteps) = ([16], [8], 57)
      var run = try configuration.makeSimulation(schedule, scheduleSeed: 1)
      run.run(untilUpdates: 200)
      let count = try allocations { run.run(untilUpdates: 1200) }
      #expect(count == 0 && run.world.statistics.updates == 1200)
      #expect(run.world.board.finishedEpisodes > 100)
    }
  }

  nonisolated(unsafe) private var sink: [Int] = []

  /// How many times this thread allocates in `body`.
  private func allocations(in body: () -> Void) throws -> Int {
    try #require(areCallsCounted)
    count = 0
    countedThread = pthread_self()
    body()
    countedThread = 0
    return count
  }

  nonisolated(unsafe) private var countedThread: pthread_t = 0
  nonisolated(unsafe) private var count = 0

  private func countIfAsked() {
    if countedThread != 0 && pthread_equal(pthread_self(), countedThread) != 0 { count += 1 }
  }

  /// Whether the runtime's calls of malloc and posix_memalign go through the counter. Puts it there when first asked.
  private let areCallsCounted: Bool = {
    let counted: @convention(c) (Int) -> UnsafeMutableRawPointer? = {
      countIfAsked()
      return malloc($0)
    }
    let countedAligned: @convention(c) (UnsafeMutablePointer<UnsafeMutableRawPointer?>?, Int, Int) -> Int32 = {
      countIfAsked()
      return posix_memalign($0!, $1, $2)
    }
    return redirect("malloc", to: unsafeBitCast(counted, to: UInt.self))
      && redirect("posix_memalign", to: unsafeBitCast(countedAligned, to: UInt.self))
  }()

  /// Makes the Swift runtime's library call `function` where it calls the imported function `name`: finds the jump slot
  /// of that name as the ELF specification has it (chapter 5, dynamic linking).
  private func redirect(_ name: String, to function: UInt) -> Bool {
    // By name, because the Glibc module has no declaration of it; the second field of what it fills in is the base.
    typealias Dladdr = @convention(c) (UnsafeRawPointer?, UnsafeMutablePointer<UnsafeRawPointer?>) -> Int32
    let dladdr = unsafeBitCast(dlsym(nil, "dladdr"), to: Dladdr.self)
    var library = [UnsafeRawPointer?](repeating: nil, count: 4)
    guard dladdr(dlsym(nil, "swift_allocObject"), &library) != 0, let base = library[1] else { return false }

    let header = base.load(as: Elf64_Ehdr.self)
    let programHeaders = (base + Int(header.e_phoff)).assumingMemoryBound(to: Elf64_Phdr.self)
    guard let dynamic = (0..<Int(header.e_phnum)).first(where: { programHeaders[$0].p_type == 2 }) else { return false }
    var tags: [Int: UInt] = [:]
    var entry = base + Int(programHeaders[dynamic].p_vaddr)
    while entry.load(as: Int.self) != 0 {
      tags[entry.load(as: Int.self)] = (entry + 8).load(as: UInt.self)
      entry += 16
    }
    guard let slots = tags[23], let size = tags[2], let symbols = tags[6], let strings = tags[5] else { return false }

    for offset in stride(from: slots, to: slots + size, by: MemoryLayout<Elf64_Rela>.stride) {
      let slot = UnsafeRawPointer(bitPattern: offset)!.load(as: Elf64_Rela.self)
      let symbol = UnsafeRawPointer(bitPattern: symbols)! + Int(slot.r_info >> 32) * MemoryLayout<Elf64_Sym>.stride
      let text = UnsafePointer<CChar>(bitPattern: strings + UInt(symbol.load(as: Elf64_Sym.self).st_name))!
      if strcmp(text, name) == 0 {
        UnsafeMutableRawPointer(mutating: base + Int(slot.r_offset)).storeBytes(of: function, as: UInt.self)
        return true
      }
    }
    return false
  }
#endif
